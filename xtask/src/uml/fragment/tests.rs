use std::collections::BTreeSet;

use rstest::rstest;

use super::{FRAGMENT, Wanted, differences, wanted};

const TEXT: &str = "# Head\n\n# Devices\nCONFIG_TUN=y\nCONFIG_MODULES=n\n\n\
                    # If there: TCP-AO\nCONFIG_TCP_AO=y\n\n# Names\nCONFIG_CHAN=\"a=b\"\n";

#[test]
fn groups_say_what_may_be_missing() {
    let all = [
        Wanted { symbol: "CONFIG_TUN", value: "y", optional: false },
        Wanted { symbol: "CONFIG_MODULES", value: "n", optional: false },
        Wanted { symbol: "CONFIG_TCP_AO", value: "y", optional: true },
        Wanted { symbol: "CONFIG_CHAN", value: "\"a=b\"", optional: false },
    ];
    assert_eq!(wanted(TEXT), all);
}

const TAKEN: &str = "CONFIG_HZ=1000\nCONFIG_TUN=y\nCONFIG_TCP_AO=y\nCONFIG_CHAN=\"a=b\"\n";

#[rstest]
#[case("", "", &[], &[])]
#[case("CONFIG_TCP_AO=y\n", "# CONFIG_TCP_AO is not set\n", &["CONFIG_TCP_AO"], &[])]
#[case("CONFIG_TUN=y\n", "", &[], &["CONFIG_TUN=y (is n)"])]
#[case("CONFIG_TUN=y\n", "CONFIG_TUN=m\n", &[], &["CONFIG_TUN=y (is m)"])]
#[case("CONFIG_HZ=1000\n", "CONFIG_HZ=100\n", &[], &["CONFIG_HZ=1000 (is 100)"])]
#[case("CONFIG_HZ=1000\n", "CONFIG_HZ=1000\nCONFIG_MODULES=y\n", &[], &["CONFIG_MODULES=n (is y)"])]
fn a_configuration_is_compared(
    #[case] from: &str,
    #[case] to: &str,
    #[case] lacking: &[&str],
    #[case] refused: &[&str],
) {
    let found = differences(TEXT, 1000, &TAKEN.replacen(from, to, 1));
    assert_eq!(found.lacking, lacking);
    assert_eq!(found.refused, refused);
}

#[test]
fn the_fragment_names_each_symbol_once_and_says_why() {
    let all = wanted(FRAGMENT);
    let names: BTreeSet<_> = all.iter().map(|one| one.symbol).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.iter().all(|one| !one.value.is_empty() && one.symbol != "CONFIG_HZ"));
    for group in FRAGMENT.split("\n\n") {
        assert!(group.starts_with("# "), "{group}");
    }
}

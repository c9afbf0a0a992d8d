//! The tables against themselves: a row that no known version tells apart says nothing.

use super::*;

/// How many of the known versions are in `span`.
fn known_in(span: Span) -> usize {
    KernelVersion::KNOWN.iter().filter(|version| span.holds(**version)).count()
}

#[test]
fn every_behaviour_divides_the_known_versions() {
    for rule in RULES {
        assert!((1..KernelVersion::KNOWN.len()).contains(&known_in(rule.span)), "{}", rule.name);
        assert!(!rule.what.is_empty() && !rule.source.is_empty(), "{}", rule.name);
    }
}

#[test]
fn every_option_divides_the_known_versions() {
    for row in OPTIONS {
        assert!((1..KernelVersion::KNOWN.len()).contains(&known_in(row.span)), "{}", row.name);
    }
    assert!(OPTIONS.is_sorted_by_key(|row| (row.level, row.optname)));
}

#[test]
fn every_knob_is_one_of_the_stack_and_differs_somewhere() {
    let known: Vec<_> = crate::sysctl::Sysctls::names().collect();
    assert!(KNOBS.is_sorted_by_key(|knob| knob.name));
    for knob in KNOBS {
        assert!(known.contains(&knob.name), "{}", knob.name);
        assert!(knob.was.is_sorted_by_key(|(until, _)| *until), "{}", knob.name);
        let initial = |version: &KernelVersion| knob.initial(*version);
        let differs = KernelVersion::KNOWN.iter().any(|version| initial(version).is_some());
        assert!(differs || known_in(knob.span) < KernelVersion::KNOWN.len(), "{}", knob.name);
        assert_eq!(initial(&KernelVersion::CURRENT), None, "{}: change the default", knob.name);
        for version in KernelVersion::KNOWN {
            let mut sysctl = crate::sysctl::Sysctls::of(version);
            let (name, current) = (knob.name, KernelVersion::CURRENT);
            assert_eq!(sysctl.get(name).is_some(), knob.span.holds(version), "{name} of {version}");
            sysctl.kernel = current;
            let wanted = initial(&version).map(|text| text.replace(' ', "\t"));
            assert!(wanted.is_none() || sysctl.get(name) == wanted || !knob.span.holds(current));
        }
    }
}

#[test]
fn names_are_those_of_known_versions() {
    let names = KernelVersion::KNOWN.map(|version| version.to_string());
    assert_eq!(names, ["linux-4.3", "linux-6.1", "linux-6.12", "linux-6.18"]);
    assert_eq!(KernelVersion::by_name("linux-6.12"), Some(KernelVersion::new(6, 12)));
    assert_eq!(KernelVersion::by_name("linux-6.2"), None);
    assert!(KernelVersion::KNOWN.is_sorted());
}

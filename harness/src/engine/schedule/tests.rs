use rstest::rstest;

use super::super::sample;
use super::*;

fn previous(inbound: bool) -> Previous {
    Previous {
        nominal: ScriptTime(1_000_000),
        finished: ScriptTime(1_000_300),
        inbound,
        late_us: 200,
        text: ScriptTime(990_000),
    }
}

#[rstest]
#[case::absolute("2.5 close(3) = 0", 2_500_000)]
#[case::relative("+.1 close(3) = 0", 1_090_000)]
#[case::range("+.1~+.2 > . 1:1(0)", 1_090_000)]
#[case::whenever_it_came("* > . 1:1(0)", 1_389_700)]
fn the_times_of_a_script_add_up(#[case] line: &str, #[case] text: i64) {
    let before = previous(false);
    assert_eq!(before.behind_us(), 10_300);
    assert_eq!(before.text_with(&sample::event(line), ScriptTime(1_400_000)), ScriptTime(text));
}

#[rstest]
#[case::absolute("2.5 close(3) = 0", false, 2_500_000, 2_500_000, None)]
#[case::relative_to_the_real_end("+.1 close(3) = 0", false, 1_100_300, 1_100_300, None)]
#[case::after_a_packet_too("+.1 close(3) = 0", true, 1_100_300, 1_100_300, None)]
#[case::inbound_after_a_call("+.1 < . 1:1(0) win 1", false, 1_100_300, 1_100_300, None)]
#[case::inbound_after_inbound("+.1 < . 1:1(0) win 1", true, 1_100_000, 1_100_000, None)]
#[case::outbound_after_inbound("+0 > . 1:1(0)", true, 1_000_300, 1_000_300, None)]
#[case::range("1.1~1.2 > . 1:1(0)", false, 1_100_000, 1_200_000, None)]
#[case::relative_range("+.1~+.2 > . 1:1(0)", false, 1_100_300, 1_200_300, None)]
#[case::blocking("1.1...1.4 close(3) = 0", false, 1_100_000, 1_100_000, Some(1_400_000))]
#[case::blocking_relative("+.1...0.4 close(3) = 0", false, 1_100_300, 1_100_300, Some(1_400_300))]
#[case::blocking_at_once("+0...0 close(3) = 0", false, 1_000_300, 1_000_300, Some(1_000_300))]
fn when_an_event_is_due(
    #[case] line: &str,
    #[case] after_inbound: bool,
    #[case] from: i64,
    #[case] to: i64,
    #[case] end: Option<i64>,
) {
    let due = due(&sample::event(line), &previous(after_inbound));
    assert_eq!((due.from.0, due.to.0, due.end.map(|t| t.0)), (from, to, end));
    assert!(!due.is_any());
}

#[test]
fn any_time_starts_when_the_line_is_reached() {
    let due = due(&sample::event("* > . 1:1(0)"), &previous(false));
    assert!(due.is_any());
    assert_eq!(due.from, ScriptTime(1_000_300));
}

#[rstest]
#[case::default(4_000, ToleranceOrigin::Default, 0, 4_000, "--tolerance_usecs=4000 (default)")]
#[case::not_yet_relative(
    4_000,
    ToleranceOrigin::Script,
    32_000,
    4_000,
    "--tolerance_usecs=4000 (script)"
)]
#[case::relative(
    4_000,
    ToleranceOrigin::Default,
    200_000,
    25_000,
    "12.5 % of the 0.200000 s since the event before (default)"
)]
#[case::asked_for(
    100,
    ToleranceOrigin::CommandLine,
    0,
    100,
    "--tolerance_usecs=100 (command line)"
)]
fn tolerances(
    #[case] usecs: i64,
    #[case] origin: ToleranceOrigin,
    #[case] gap_us: i64,
    #[case] us: i64,
    #[case] why: &str,
) {
    let config = Tolerance { usecs, percent: 12.5, origin };
    assert_eq!(tolerance(&config, gap_us), (us, why.to_owned()));
}

#[rstest]
#[case::exact(500_000, 500_000, 500_000, None)]
#[case::just_early(500_000, 500_000, 450_000, None)]
#[case::early(500_000, 500_000, 449_999, Some(Class::Early))]
#[case::just_late(500_000, 500_000, 550_000, None)]
#[case::late(500_000, 500_000, 550_001, Some(Class::Late))]
#[case::in_range(500_000, 900_000, 700_000, None)]
#[case::range_early(500_000, 900_000, 449_999, Some(Class::Early))]
#[case::range_just_late(500_000, 900_000, 950_000, None)]
#[case::range_late(500_000, 900_000, 950_001, Some(Class::Late))]
#[case::any(500_000, ScriptTime::FOREVER.0, 3_000_000_000, None)]
fn judged_by_the_gap_to_the_event_before(
    #[case] from: i64,
    #[case] to: i64,
    #[case] actual: i64,
    #[case] class: Option<Class>,
) {
    let config = Tolerance { usecs: 4_000, percent: 12.5, origin: ToleranceOrigin::Default };
    let check = Check { tolerance: &config, base: ScriptTime(100_000), harness_late_us: 7 };
    let (timing, judged) = check.judge(ScriptTime(from), ScriptTime(to), ScriptTime(actual));
    assert_eq!(judged, class);
    assert_eq!((timing.tolerance_us, timing.harness_late_us), (50_000, 7));
}

#[rstest]
#[case(0, "0.000000")]
#[case(1_500_000, "1.500000")]
#[case(-20, "-0.000020")]
fn seconds_have_six_digits(#[case] us: i64, #[case] text: &str) {
    assert_eq!(seconds(us), text);
}

#[test]
fn spans() {
    assert_eq!(span(ScriptTime(5), ScriptTime(5)), "0.000005 s");
    assert_eq!(span(ScriptTime(0), ScriptTime(5)), "0.000000 to 0.000005 s");
}

//! How outcomes are judged against expectations.

use std::sync::Arc;

use rstest::rstest;

use super::*;
use crate::engine::outcome::FieldCheck;
use crate::runner::event::CaseId;
use crate::target::{Clock, IpVersion};

fn failure(class: Class) -> Box<Failure> {
    Box::new(Failure {
        class,
        span: Span::new(0, 1),
        event: Span::new(0, 1),
        message: "differs".into(),
        fields: Vec::<FieldCheck>::new(),
        expected: None,
        actual: None,
        timing: None,
        sockets: Vec::new(),
        notes: Vec::new(),
    })
}

fn judged(outcome: Outcome, expected: Option<Option<Class>>) -> CaseResult {
    let case = Case {
        id: CaseId { script: "a.pkt".into(), ip: IpVersion::Ipv4 },
        source: Ok(SourceFile::new("a.pkt", "0 x\n")),
        profile: Arc::default(),
        expectation: None,
        reproduce: String::new(),
    };
    let info = TargetInfo {
        name: "stack".into(),
        version: "0".into(),
        clock: Clock::Virtual { tick_us: 1000 },
        capabilities: Vec::new(),
    };
    let expectation = expected.map(|class| Expectation { id: None, reason: "known".into(), class });
    let mut result = blank(&case, &info);
    judge(&mut result, outcome, expectation.as_ref());
    result
}

const ANY: Option<Option<Class>> = Some(None);

#[rstest]
#[case::pass(Outcome::Pass { warnings: vec![] }, None, Verdict::Pass)]
#[case::stale(Outcome::Pass { warnings: vec![] }, ANY, Verdict::Xpass)]
#[case::fail(Outcome::Fail(failure(Class::Content)), None, Verdict::Fail)]
#[case::expected(Outcome::Fail(failure(Class::Content)), ANY, Verdict::Xfail)]
#[case::of_class(Outcome::Fail(failure(Class::Late)), Some(Some(Class::Late)), Verdict::Xfail)]
#[case::other_class(Outcome::Fail(failure(Class::Late)), Some(Some(Class::Content)), Verdict::Fail)]
#[case::error(Outcome::Error(failure(Class::Environment)), None, Verdict::Error)]
#[case::environment_is_never_expected(
    Outcome::Error(failure(Class::Environment)),
    ANY,
    Verdict::Error
)]
#[case::wrong_script_by_name(
    Outcome::Error(failure(Class::Script)),
    Some(Some(Class::Script)),
    Verdict::Xfail
)]
#[case::skip(Outcome::Skip { reason: "needs X".into(), span: None }, ANY, Verdict::Skip)]
fn verdicts(
    #[case] outcome: Outcome,
    #[case] expected: Option<Option<Class>>,
    #[case] verdict: Verdict,
) {
    assert_eq!(judged(outcome, expected).verdict, verdict);
}

#[test]
fn a_failure_names_its_line_and_keeps_its_message() {
    let result = judged(Outcome::Fail(failure(Class::Syscall)), None);
    assert_eq!((result.line, result.class), (Some(1), Some(Class::Syscall)));
    assert_eq!(result.message, "differs");
}

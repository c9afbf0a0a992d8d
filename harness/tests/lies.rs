//! The harness can fail: a target that lies about its replies turns every script red that looks at
//! what the lie is about. The scripts are the embedded suite, the target is the Rust stack.
#![cfg(feature = "target-stack")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::collections::BTreeMap;

use rstest::rstest;
use synproof_harness::engine::log::{Entry, What};
use synproof_harness::executor::{Executor as _, InProcess};
use synproof_harness::packet::{Tcp, TcpOption, Transport, flag};
use synproof_harness::runner::{
    Case, CaseResult, Context, PlanOptions, Verdict, discover_embedded, plan, run_case,
};
use synproof_harness::script::ast::Direction;
use synproof_harness::target::registry::launcher;
use synproof_harness::target::wrap::{Fault, Faulty};
use synproof_harness::target::{IpVersion, Launch};

/// Runs every embedded script over IPv4 on targets of `launch`.
fn run_suite(launch: &dyn Launch) -> Vec<(Case, CaseResult)> {
    let info = launch.info().unwrap();
    let options = PlanOptions { ips: Some(vec![IpVersion::Ipv4]), ..PlanOptions::default() };
    let plan = plan(&discover_embedded(), &options, &info).unwrap();
    let here = InProcess::new(launch);
    let context =
        Context { executor: &here, info: &info, cli: &options.cli, artifacts: None, retries: 0 };
    plan.cases
        .into_iter()
        .map(|case| {
            let result = run_case(&case, &context, here.worker().as_mut()).unwrap();
            (case, result)
        })
        .collect()
}

/// Source lines by the TCP segment that an honest target sent for them.
fn segments(result: &CaseResult) -> BTreeMap<usize, Vec<Tcp>> {
    let mut found: BTreeMap<usize, Vec<Tcp>> = BTreeMap::new();
    for entry in &result.log.entries {
        if let Entry { line: Some(line), what: What::Packet { direction, packet, .. }, .. } = entry
            && *direction == Direction::Outbound
            && let Transport::Tcp(tcp) = &packet.transport
        {
            found.entry(*line).or_default().push(tcp.clone());
        }
    }
    found
}

/// Whether the line looks at what the fault changes in the segment it expects.
fn looks(fault: Fault, line: &str, tcp: &Tcp) -> bool {
    let options = !tcp.options.is_empty() && !line.contains("<...>");
    match fault {
        Fault::AckOffByOne => tcp.has(flag::ACK) && !line.contains("ack *"),
        Fault::SeqOffByOne => !tcp.has(flag::SYN) && !line.contains("*("),
        Fault::RstSwallowed => tcp.has(flag::RST),
        Fault::FinSwallowed => tcp.has(flag::FIN),
        Fault::OptionDropped => options,
        Fault::WrongTsEcr => {
            let echoes = tcp.options.iter().any(|o| matches!(o, TcpOption::Ts { .. }));
            echoes && options && !line.contains("ecr *")
        }
        // Whatever else a script expects, it does not expect everything twice.
        Fault::Duplicated => true,
        Fault::PayloadShort => !tcp.payload.is_empty(),
        Fault::PshFlipped => !tcp.payload.is_empty() && !line.contains("> *"),
        Fault::UrgentPointer => !line.contains("urg *"),
        // A range of 50 ms or an open end may hide the delay; a plain time may not.
        Fault::Late50ms => !line.contains('~') && !line.trim_start().starts_with('*'),
        Fault::WrongReturn | Fault::WrongState => false,
    }
}

/// The script ends with the same segment twice: the first one's double passes for the second.
fn ends_twice(result: &CaseResult) -> bool {
    let sent: Vec<Tcp> = segments(result).into_values().flatten().collect();
    let alike = |a: &Tcp, b: &Tcp| {
        (a.flags, a.seq, a.ack, a.payload.len()) == (b.flags, b.seq, b.ack, b.payload.len())
    };
    matches!(sent.as_slice(), [.., before, last] if alike(before, last))
}

/// Whether `result`, of an honest run, belongs to a script that must turn red.
fn affected(fault: Fault, case: &Case, result: &CaseResult) -> bool {
    let source = case.source.as_ref().unwrap();
    match fault {
        Fault::WrongReturn => {
            result.log.entries.iter().any(|entry| matches!(entry.what, What::Return { .. }))
        }
        Fault::WrongState => source.text().contains("tcp_state("),
        Fault::Duplicated if ends_twice(result) => false,
        Fault::AckOffByOne
        | Fault::SeqOffByOne
        | Fault::RstSwallowed
        | Fault::FinSwallowed
        | Fault::OptionDropped
        | Fault::WrongTsEcr
        | Fault::Duplicated
        | Fault::PayloadShort
        | Fault::PshFlipped
        | Fault::UrgentPointer
        | Fault::Late50ms => segments(result).iter().any(|(line, sent)| {
            let text = source.line_text(*line);
            sent.iter().any(|tcp| looks(fault, text, tcp))
        }),
    }
}

#[rstest]
fn a_lie_turns_every_affected_script_red(
    #[values(
        Fault::AckOffByOne,
        Fault::SeqOffByOne,
        Fault::RstSwallowed,
        Fault::FinSwallowed,
        Fault::OptionDropped,
        Fault::WrongTsEcr,
        Fault::Duplicated,
        Fault::PayloadShort,
        Fault::PshFlipped,
        Fault::UrgentPointer,
        Fault::Late50ms,
        Fault::WrongReturn,
        Fault::WrongState
    )]
    fault: Fault,
) {
    let honest = launcher("stack").unwrap();
    let faulty = Faulty::new(honest.as_ref(), fault);
    let truths = run_suite(honest.as_ref());
    let lies = run_suite(&faulty);
    let mut red = 0;
    let mut missed = Vec::new();
    for ((case, truth), (_, lie)) in truths.iter().zip(&lies) {
        if truth.verdict != Verdict::Pass || !affected(fault, case, truth) {
            continue;
        }
        if lie.verdict == Verdict::Pass {
            missed.push(case.id.name().to_owned());
        } else {
            red += 1;
        }
    }
    assert!(faulty.struck() > 0, "{} never struck", fault.name());
    assert_eq!(missed, Vec::<String>::new(), "{} went unnoticed", fault.name());
    println!("{}: {red} scripts red", fault.name());
    assert!(red > 0, "no script looks at what {} changes", fault.name());
}

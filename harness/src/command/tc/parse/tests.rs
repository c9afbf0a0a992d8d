use rstest::rstest;

use super::*;

fn tc(text: &str) -> TcCommand {
    parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[rstest]
#[case("qdisc add dev tun0 root pfifo", QdiscOp::Add, Some("pfifo"), None)]
#[case("qdisc replace dev tun0 root pfifo limit 0", QdiscOp::Replace, Some("pfifo"), Some("0"))]
#[case("qdisc delete dev tun0 root", QdiscOp::Delete, None, None)]
#[case("qdisc change dev tun0 root handle 1: fq limit 9", QdiscOp::Change, Some("fq"), Some("9"))]
fn qdiscs(
    #[case] text: &str,
    #[case] op: QdiscOp,
    #[case] kind: Option<&str>,
    #[case] limit: Option<&str>,
) {
    let TcObject::Qdisc(qdisc) = tc(text).object else { panic!("{text}") };
    assert_eq!(qdisc.op, op);
    assert_eq!(qdisc.dev.as_deref(), Some("tun0"));
    assert_eq!(qdisc.parent, Some(QdiscParent::Root));
    assert_eq!(qdisc.kind.as_deref(), kind);
    assert_eq!(qdisc.option("limit"), limit);
}

#[rstest]
#[case("class add dev tun0", "tc class")]
#[case("qdisc add dev tun0 root", "tc qdisc without a kind")]
#[case("qdisc add root pfifo", "tc qdisc without a device or a place")]
#[case("", "tc without an object")]
fn not_understood(#[case] text: &str, #[case] why: &str) {
    assert_eq!(tc(text).object, TcObject::NotUnderstood(why.to_owned()));
}

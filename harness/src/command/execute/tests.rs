use rstest::rstest;

use super::*;
use crate::command::ip::IpCommand;
use crate::command::parse::understand;
use crate::command::tc::TcCommand;

/// A host that remembers what it was asked.
#[derive(Default)]
struct Recorder {
    sysctls: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    counters: BTreeMap<String, i64>,
    asked: Vec<String>,
}

impl Recorder {
    fn with(sysctls: &[(&str, &str)]) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self { sysctls: sysctls.iter().map(own).collect(), ..Self::default() }
    }

    fn note(&mut self, what: String) -> Result<(), Refusal> {
        self.asked.push(what);
        Ok(())
    }
}

impl CommandHost for Recorder {
    fn set_sysctl(&mut self, name: &str, value: &str) -> Result<SysctlKey, Refusal> {
        self.asked.push(format!("{name}={value}"));
        match self.sysctls.get_mut(name) {
            None => Ok(SysctlKey::Missing),
            Some(_) if value == "bad" => Err(Refusal::failed("Invalid argument")),
            Some(slot) => {
                value.clone_into(slot);
                Ok(SysctlKey::Present)
            }
        }
    }

    fn read_sysctl(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.sysctls.get(name).cloned())
    }

    fn write_file(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        self.note(format!("{path} <- {text}"))
    }

    fn make_file(&mut self, path: &str, len: u64) -> Result<(), Refusal> {
        self.note(format!("make {path} of {len}"))
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Refusal> {
        self.note(format!("rm {path}"))
    }

    fn read_file(&mut self, path: &str) -> Result<Option<String>, Refusal> {
        Ok(self.files.get(path).cloned())
    }

    fn ip(&mut self, command: &IpCommand) -> Result<(), Refusal> {
        self.note(format!("ip {}", command.words.join(" ")))
    }

    fn tc(&mut self, command: &TcCommand) -> Result<(), Refusal> {
        let _ = command;
        Err(Refusal::Unsupported("qdiscs".into()))
    }

    fn ethtool(&mut self, dev: &str, features: &[(String, bool)]) -> Result<(), Refusal> {
        self.note(format!("ethtool {dev} {features:?}"))
    }

    fn nstat_snapshot(&mut self) -> Result<BTreeMap<String, i64>, Refusal> {
        Ok(self.counters.clone())
    }

    fn shell(&mut self, text: &str, dir: &Path) -> Result<(), Refusal> {
        self.note(format!("{}$ {text}", dir.display()))
    }

    fn sleep_us(&mut self, us: i64) -> Result<(), Refusal> {
        self.note(format!("sleep {us}"))
    }
}

fn run(text: &str, session: &mut Session, host: &mut Recorder) -> CommandOutcome {
    execute(&understand(text, Path::new("/dir")), session, host).unwrap()
}

fn status(outcome: &CommandOutcome) -> i32 {
    match outcome {
        CommandOutcome::Ok => 0,
        CommandOutcome::Failed { status, .. } => *status,
        CommandOutcome::Unsupported(_) => -1,
    }
}

#[rstest]
#[case("", 0)]
#[case("true", 0)]
#[case("false", 1)]
#[case("false; true", 0)]
#[case("true; false", 1)]
#[case("false && true", 1)]
#[case("false || true", 0)]
#[case("true || false", 0)]
#[case("false && true || exit 7", 7)]
#[case("true && false; exit 3; true", 3)]
#[case("sysctl -q a.b=bad; true", 0)]
#[case("sysctl -q a.b=bad a.b=2", 1)]
#[case("sysctl -q no.key=1", 1)]
#[case("sysctl -q -e no.key=1", 0)]
#[case("sysctl -q -e a.b=bad", 1)]
#[case("sysctl -n no.key", 1)]
#[case("sysctl -n a.b", 0)]
#[case("cat /proc/none", 1)]
#[case("set_sysctls.py /proc/sys/no/key=1", 1)]
#[case("set_sysctls.py /proc/sys/a/b=bad", 0)]
#[case("/tmp/sysctl_restore_${PPID}.sh", 127)]
#[case("tc qdisc add dev tun0 root pfifo; true", -1)]
#[case("ip route add default dev tun0", 0)]
fn statuses(#[case] text: &str, #[case] want: i32) {
    let mut host = Recorder::with(&[("a.b", "1")]);
    let outcome = run(text, &mut Session::default(), &mut host);
    assert_eq!(status(&outcome), want, "{outcome:?}");
}

#[test]
fn failures_say_what_failed() {
    let mut host = Recorder::default();
    let mut failed = |text: &str| {
        let outcome = run(text, &mut Session::default(), &mut host);
        let CommandOutcome::Failed { why, .. } = outcome else { panic!("{outcome:?}") };
        why
    };
    assert_eq!(
        failed("sysctl -q net.inet.tcp.x=1"),
        "sysctl: cannot stat /proc/sys/net/inet/tcp/x: No such file or directory"
    );
    assert_eq!(failed("nstat | grep Tcp"), "nstat printed no line with \"Tcp\"");
    assert_eq!(failed("true; false"), "`false` returned status 1");
}

#[test]
fn saved_sysctls_are_those_of_the_last_save() {
    let mut host = Recorder::with(&[("a.b", "1"), ("c.d", "2\n")]);
    let mut session = Session::default();
    let save = "set_sysctls.py /proc/sys/a/b=10; set_sysctls.py /proc/sys/a/b=11 /proc/sys/c/d=20";
    assert_eq!(run(save, &mut session, &mut host), CommandOutcome::Ok);
    assert_eq!(host.sysctls["a.b"], "11");
    host.asked.clear();
    let restore = "/tmp/sysctl_restore_${PPID}.sh";
    assert_eq!(run(restore, &mut session, &mut host), CommandOutcome::Ok);
    assert_eq!(host.asked, ["a.b=10", "c.d=2"]);
}

#[test]
fn nstat_shows_what_changed() {
    let mut host = Recorder::default();
    let mut session = Session::default();
    host.counters.insert("TcpExtA".into(), 4);
    let mut grep = |text: &str, host: &mut Recorder| status(&run(text, &mut session, host));
    assert_eq!(grep("nstat > /dev/null", &mut host), 0);
    assert_eq!(grep("nstat | grep TcpExtA", &mut host), 1);
    assert_eq!(grep("nstat -az | grep TcpExtA", &mut host), 0);
    host.counters.insert("TcpExtA".into(), 5);
    assert_eq!(grep("nstat -s | grep 'TcpExtA *1 '", &mut host), 0);
    assert_eq!(grep("nstat | grep TcpExtA", &mut host), 0);
    assert_eq!(grep("nstat | grep TcpExtA", &mut host), 1);
    assert_eq!(grep("nstat -z | grep TcpExtA", &mut host), 0);
}

#[rstest]
#[case("grep 0A /proc/net/tcp", 0)]
#[case("grep 0B /proc/net/tcp", 1)]
#[case("grep 0A /proc/net/tcp | grep 1F91", 1)]
#[case("grep 0A /proc/net/tcp /proc/net/tcp6 | grep tcp:", 0)]
#[case("grep 0A /proc/net/tcp6", 2)]
#[case("grep 0A /proc/net/tcp6 | grep x", 1)]
fn greps(#[case] text: &str, #[case] want: i32) {
    let mut host = Recorder::default();
    host.files.insert("/proc/net/tcp".into(), "head\n 0: 0:1F90 0A\n 1: 0:1F91 01\n".into());
    let outcome = run(text, &mut Session::default(), &mut host);
    assert_eq!(status(&outcome), want, "{outcome:?}");
}

#[test]
fn what_is_beyond_us_goes_to_the_shell_whole() {
    let mut host = Recorder::default();
    let text = "true; for i in 1; do true; done";
    assert_eq!(run(text, &mut Session::default(), &mut host), CommandOutcome::Ok);
    assert_eq!(host.asked, [format!("/dir$ {text}")]);
}

#[test]
fn what_a_shell_saved_a_shell_restores() {
    let mut host = Recorder::with(&[("a.b", "1")]);
    let mut session = Session::default();
    let save = "/bin/dd; ./set_sysctls.py /proc/sys/a/b=2";
    let restore = "/tmp/sysctl_restore_${PPID}.sh";
    assert_eq!(run(save, &mut session, &mut host), CommandOutcome::Ok);
    assert_eq!(run(restore, &mut session, &mut host), CommandOutcome::Ok);
    assert_eq!(host.asked, [format!("/dir$ {save}"), format!("/dir$ {restore}")]);
}

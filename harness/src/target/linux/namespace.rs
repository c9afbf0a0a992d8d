//! A network namespace for one script, and the thread that lives in it.
//!
//! The namespace has no name. It exists as long as a thread or an open descriptor refers to it, so
//! it goes away with the process whatever happens. The runner's thread never enters it: everything
//! that depends on the namespace (opening sockets, /proc/sys/net, starting commands) is done by the
//! thread made here or by threads which that thread starts.
//!
//! Those threads also have a descriptor table of their own. A script that uses a closed descriptor
//! therefore gets EBADF and not some file of another script or of the harness, and every
//! descriptor a script leaves open disappears with the threads.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use nix::sched::CloneFlags;

use super::mailbox::{Inbox, Mailbox};
use super::process::Programs;
use super::{fault, sys};
use crate::command::execute::Session;
use crate::target::TargetError;

/// What tasks find on the namespace's thread.
#[derive(Default)]
pub(super) struct Realm {
    /// The completion event, as a descriptor of the private table; none before it exists.
    pub notify: Option<Arc<OwnedFd>>,
    /// What the script's commands remember from one to the next.
    pub session: Session,
    /// What they started, and what ends with this thread.
    pub programs: Programs,
}

type Task = Box<dyn FnOnce(&mut Realm) + Send>;

/// A fresh network namespace with a thread in it.
pub(super) struct Namespace {
    tasks: Option<Mailbox<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Namespace {
    /// Makes a namespace. Needs CAP_SYS_ADMIN in the present user namespace.
    pub(super) fn new() -> Result<Self, TargetError> {
        Self::start(fresh)
    }

    /// A thread in the namespace that the calling thread is in. Alone on its processor with the
    /// calling thread, it is done with what it is given before that thread runs again.
    pub(super) fn present() -> Result<Self, TargetError> {
        Self::start(|| {
            sys::round_robin(0, Some(1));
            Ok(())
        })
    }

    fn start(first: fn() -> nix::Result<()>) -> Result<Self, TargetError> {
        let queue = Inbox::<Task>::new();
        let tasks = queue.mailbox();
        let (report, entered) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("netns".into())
            .spawn(move || {
                let result = first();
                let failed = result.is_err();
                if report.send(result).is_err() || failed {
                    return;
                }
                let mut realm = Realm::default();
                while let Some(task) = queue.next() {
                    task(&mut realm);
                }
            })
            .map_err(fault::io("start the thread of a network namespace"))?;
        let tasks = tasks(thread.thread());
        let namespace = Self { tasks: Some(tasks), thread: Some(thread) };
        entered
            .recv()
            .map_err(|_| fault::lost("the thread of a network namespace"))?
            .map_err(fault::unavailable("create a network namespace", UNSHARE_FIX))?;
        Ok(namespace)
    }

    /// Runs `task` on the namespace's thread and waits for its result.
    pub(super) fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Realm) -> T + Send + 'static,
    ) -> Result<T, TargetError> {
        let (reply, result) = mpsc::channel();
        let task: Task = Box::new(move |realm| {
            // The receiver waits below, so sending cannot fail.
            let _ = reply.send(task(realm));
        });
        let gone = || fault::lost("the thread of a network namespace");
        if !self.tasks.as_ref().ok_or_else(gone)?.send(task) {
            return Err(gone());
        }
        result.recv().map_err(|_| gone())
    }

    /// Gives the thread, and all threads it starts from now on, a descriptor table of their own,
    /// with nothing in it but the standard streams and `notify`.
    pub(super) fn isolate_descriptors(&self, notify: BorrowedFd<'_>) -> Result<(), TargetError> {
        let notify = notify.as_raw_fd();
        self.run(move |realm| {
            sys::private_descriptors(notify)?;
            realm.notify = Some(Arc::new(sys::adopt_descriptor_three()));
            Ok(())
        })?
        .map_err(|errno| {
            fault::io("give the script a descriptor table of its own")(fault::errno(errno))
        })
    }
}

/// Between two scripts.
impl Namespace {
    /// The namespace itself, out of a place that is to be dropped.
    pub(super) fn take(&mut self) -> Self {
        Self { tasks: self.tasks.take(), thread: self.thread.take() }
    }

    /// Closes what a script left open, forgets its commands, and enters the namespace of the thread
    /// `tid`. Whether nothing of the script is left: what its programs did ends with their thread.
    pub(super) fn renew(&self, tid: i32) -> bool {
        let renewed = self.run(move |realm| {
            let untouched = realm.programs.none_started();
            let notify = realm.notify.take();
            *realm = Realm { notify, ..Realm::default() };
            untouched && sys::close_script_descriptors().is_ok() && enter(tid).is_ok()
        });
        renewed.unwrap_or(false)
    }
}

/// Puts the calling thread into a network namespace of its own.
pub(super) fn fresh() -> nix::Result<()> {
    nix::sched::unshare(CloneFlags::CLONE_NEWNET)
}

/// Puts the calling thread into the network namespace of the thread `tid` of this process.
pub(super) fn enter(tid: i32) -> std::io::Result<()> {
    let namespace = std::fs::File::open(format!("/proc/self/task/{tid}/ns/net"))?;
    Ok(nix::sched::setns(namespace, CloneFlags::CLONE_NEWNET)?)
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A panic of a task has been reported to whoever waited for it.
            let _ = thread.join();
        }
    }
}

/// What to do when a network namespace is refused.
pub(super) const UNSHARE_FIX: &str = "run as root, or allow unprivileged user namespaces: \
    `sysctl -w user.max_user_namespaces=10000`, and where they exist also \
    `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`";

/// Enters a user namespace in which the caller is root, if it may not make network namespaces
/// otherwise. To be called first thing in `main`: the kernel refuses it once there are threads.
///
/// Returns whether a namespace was entered. A refusal is no error here: the target itself then
/// says what is missing.
pub fn enter_user_namespace_if_needed() -> bool {
    const CAP_SYS_ADMIN: u32 = 21;
    let privileged = sys::capget().is_ok_and(|sets| {
        sets.first().is_some_and(|low| low.first().is_some_and(|e| e >> CAP_SYS_ADMIN & 1 == 1))
    });
    if privileged {
        return false;
    }
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    if nix::sched::unshare(CloneFlags::CLONE_NEWUSER).is_err() {
        return false;
    }
    // Without setgroups denied, an unprivileged process may not write its gid map.
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {uid} 1")),
        ("/proc/self/gid_map", format!("0 {gid} 1")),
    ];
    maps.iter().all(|(path, text)| std::fs::write(path, text).is_ok())
}

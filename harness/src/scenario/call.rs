//! Socket calls, with sockets named by slot.

use serde::{Deserialize, Serialize};

use super::option::SockOption;

/// Names a socket of a scenario. A script calls it by the descriptor [`Slot::label`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Slot(pub u8);

impl Slot {
    /// The descriptor of the first slot, as scripts number them.
    const FIRST_LABEL: i64 = 3;

    /// The descriptor that a script writes.
    #[must_use]
    pub fn label(self) -> i64 {
        i64::from(self.0) + Self::FIRST_LABEL
    }

    /// The slot of a descriptor of a script, if there can be one.
    #[must_use]
    pub fn of_label(label: i64) -> Option<Self> {
        u8::try_from(label.checked_sub(Self::FIRST_LABEL)?).ok().map(Self)
    }
}

/// `how` of shutdown().
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum How {
    /// SHUT_RD
    Read,
    /// SHUT_WR
    Write,
    /// SHUT_RDWR
    Both,
}

/// A call. Addresses are those of the script's options; data are zeros. One that would have to wait
/// is meant not to: sockets are made non-blocking, or the flags say MSG_DONTWAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names and fields are those of the manual pages, section 2")]
pub enum Call {
    /// A TCP socket of the scenario's family.
    Socket {
        slot: Slot,
    },
    /// fcntl(F_SETFL, O_RDWR|O_NONBLOCK)
    NonBlocking {
        slot: Slot,
    },
    /// To the port that scripts bind to (8080).
    Bind {
        slot: Slot,
    },
    Listen {
        slot: Slot,
        backlog: i32,
    },
    /// The new socket is `child`.
    Accept {
        slot: Slot,
        child: Slot,
    },
    Connect {
        slot: Slot,
    },
    /// connect() with AF_UNSPEC.
    Disconnect {
        slot: Slot,
    },
    Read {
        slot: Slot,
        len: u32,
    },
    Write {
        slot: Slot,
        len: u32,
    },
    /// `flags`: MSG_ numbers of Linux.
    Recv {
        slot: Slot,
        len: u32,
        flags: i32,
    },
    Send {
        slot: Slot,
        len: u32,
        flags: i32,
    },
    /// With the peer's address (MSG_FASTOPEN).
    SendTo {
        slot: Slot,
        len: u32,
        flags: i32,
    },
    Shutdown {
        slot: Slot,
        how: How,
    },
    Close {
        slot: Slot,
    },
    SetOption {
        slot: Slot,
        option: SockOption,
        value: i32,
    },
    GetOption {
        slot: Slot,
        option: SockOption,
    },
    /// SO_LINGER with l_onoff and l_linger.
    Linger {
        slot: Slot,
        on: bool,
        seconds: u16,
    },
}

impl Call {
    /// The socket that the call is made on.
    #[must_use]
    pub fn slot(&self) -> Slot {
        match *self {
            Self::Socket { slot }
            | Self::NonBlocking { slot }
            | Self::Bind { slot }
            | Self::Listen { slot, .. }
            | Self::Accept { slot, .. }
            | Self::Connect { slot }
            | Self::Disconnect { slot }
            | Self::Read { slot, .. }
            | Self::Write { slot, .. }
            | Self::Recv { slot, .. }
            | Self::Send { slot, .. }
            | Self::SendTo { slot, .. }
            | Self::Shutdown { slot, .. }
            | Self::Close { slot }
            | Self::SetOption { slot, .. }
            | Self::GetOption { slot, .. }
            | Self::Linger { slot, .. } => slot,
        }
    }
}

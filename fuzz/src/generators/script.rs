//! A seed to a text that is nearly a script: fragments of the language in any order, some of them
//! cut or with random bytes in between.

use crate::Seeded;

/// Up to 40 fragments.
#[must_use]
pub fn script(seeded: &mut Seeded) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..seeded.below(40) {
        let fragment = seeded.pick(FRAGMENTS).copied().unwrap_or_default().as_bytes();
        let end = match seeded.below(10) {
            0 => seeded.below(fragment.len()),
            _ => fragment.len(),
        };
        text.extend_from_slice(fragment.get(..end).unwrap_or_default());
        match seeded.below(12) {
            0 => {
                let len = seeded.below(4);
                text.extend(seeded.bytes(len));
            }
            1 => text.push(b'\n'),
            2..=6 => text.push(b' '),
            _ => {}
        }
    }
    text
}

/// The same for libFuzzer: whole lines, parts of lines, and what opens something.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
pub const DICTIONARY: &[&[u8]] = &{
    let mut words = [[].as_slice(); FRAGMENTS.len()];
    let mut at = 0;
    while at < FRAGMENTS.len() {
        words[at] = FRAGMENTS[at].as_bytes();
        at += 1;
    }
    words
};

/// Whole lines, parts of lines, and what opens something that must be closed.
const FRAGMENTS: &[&str] = &[
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
    "+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n",
    "+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n",
    "+.1 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>\n",
    "+0 > S. 0:0(0) ack 1 <...>\n",
    "0.1~0.2 > P. 1:1001(1000) ack 1\n",
    "+0...0.5 read(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)\n",
    "* > .5 1:1(0) ack 1 <ECN e0b 1 ceb 2>\n",
    "+0 < [ect0] icmp unreachable frag_needed mtu 1400 [1:1001(1000)]\n",
    "+0 > udp (1000)\n",
    "+0 < ipv4 1.1.1.1 > 2.2.2.2: gre flags [key present], sum 0x0, off 0x0, key=1, seq 2: ",
    "+0 < mpls (label 1, tc 2, [S], ttl 3): . 1:1(0) win 1\n",
    "+0 `sysctl -q net.ipv4.tcp_sack=0`\n",
    "+0 %{ assert tcpi_snd_cwnd == 10 }%\n",
    "+0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=0}, 0) = 5\n",
    "--tolerance_usecs=5000\n--define=FOO=\"x\"\n",
    "//! covers: RFC9293:MUST-1\n",
    "#ifdef A\n",
    "#else\n",
    "#endif\n",
    "#define A 5\n",
    "+0 < P. 1:11(10) ack 1 win 1000 \"01234\"*2\n",
    "+0 read(4, \"hello\", 100) = * as COUNT\n+0 write(4, ..., $COUNT) = $COUNT\n",
    "+0 > * as PORT > 8080 S 0:0(0) <TS val * as SENT ecr 0,FO * as COOKIE,nop,nop>\n",
    "+0 < 8080 > $PORT . 1:1(0) ack 1 win 1 <nop,nop,TS val 1 ecr $SENT>\n",
    "for FLAGS, LEN in\n(P., 1:6(5)), (., 6:6(0))\n{\n",
    "+0 > FLAGS LEN ack 1\n",
    "}\n",
    "* as ",
    "$",
    "/*",
    "*/",
    "// ",
    "\"",
    "`",
    "%{",
    "}%",
    "<",
    ">",
    "<nop,TS val 1 ecr 2,sack 1:2 3:4,eol>",
    "<FO 0102,md5 00ff,FOEXP>",
    "win 65536",
    "ack -1",
    "18446744073709551616",
    "0xffffffffffffffffff",
    "1e5",
    ".5.5",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "::1",
    "fd00::1%",
    "256.1.1.1",
    "...",
    "....",
    "~",
    "+",
    "-",
    "\\",
    "\r\n",
    "\u{0}",
    "ü",
    "\u{feff}",
];

//! The tables of words. Where two words share a number the first is the one that is printed.

/// A message type.
pub(super) struct TypeWord {
    pub(super) number: u8,
    pub(super) word: &'static str,
    /// Number and word of its codes.
    pub(super) codes: &'static [(u8, &'static str)],
}

const fn row(number: u8, word: &'static str, codes: &'static [(u8, &'static str)]) -> TypeWord {
    TypeWord { number, word, codes }
}

/// ICMP.
pub(super) const TYPES_V4: &[TypeWord] = &[
    row(0, "echo_reply", &[]),
    row(3, "unreachable", UNREACHABLE_V4),
    row(4, "source_quench", &[]),
    row(5, "redirect", &[]),
    row(8, "echo_request", &[]),
    row(11, "time_exceeded", TIME_EXCEEDED_V4),
    row(12, "parameter_problem", &[]),
    row(13, "timestamp_request", &[]),
    row(14, "timestamp_reply", &[]),
    row(15, "information_request", &[]),
    row(16, "information_reply", &[]),
    row(17, "address_mask_request", &[]),
    row(18, "address_mask_reply", &[]),
];

const UNREACHABLE_V4: &[(u8, &str)] = &[
    (0, "net_unreachable"),
    (1, "host_unreachable"),
    (2, "protocol_unreachable"),
    (3, "port_unreachable"),
    (4, "frag_needed"),
    (5, "source_route_failed"),
    (6, "net_unknown"),
    (7, "host_unknown"),
    (8, "source_host_isolated"),
    (9, "net_prohibited"),
    (10, "host_prohibited"),
    (11, "net_unreachable_for_tos"),
    (12, "host_unreachable_for_tos"),
    (13, "packet_filtered"),
    (14, "precedence_violation"),
    (15, "precedence_cutoff"),
];

/// FreeBSD's additions.
const TIME_EXCEEDED_V4: &[(u8, &str)] =
    &[(0, "ttl_exceeded_in_transit"), (1, "frag_reass_exceeded")];

/// ICMPv6. `net_unreachable` is the name packetdrill had first for code 0.
pub(super) const TYPES_V6: &[TypeWord] = &[
    row(1, "unreachable", UNREACHABLE_V6),
    row(2, "packet_too_big", &[]),
    row(3, "time_exceeded", &[(0, "exceeded_hop_limit"), (1, "exceeded_frag_time")]),
    row(
        4,
        "parameter_problem",
        &[(0, "header_field"), (1, "unknown_next_header"), (2, "unknown_option")],
    ),
    row(128, "echo_request", &[]),
    row(129, "echo_reply", &[]),
];

const UNREACHABLE_V6: &[(u8, &str)] = &[
    (0, "no_route"),
    (0, "net_unreachable"),
    (1, "admin_prohibited"),
    (2, "not_neighbour"),
    (3, "address_unreachable"),
    (4, "port_unreachable"),
];

//! Do two scripts mean the same? Places, comments, preprocessor lines and white space do not count.

use super::ast::{
    EncapKind, EventKind, Expr, ExprKind, IpInfo, OptionsSpec, PacketBody, PacketSpec, Script,
    StateAssertion, StateSubject, SyscallSpec,
};
use super::source::{Span, Spanned};

/// Options, metadata, commands and events are the same, in the same order.
#[must_use]
pub fn same_meaning(a: &Script, b: &Script) -> bool {
    let metadata = |script: &Script| -> Vec<(String, String)> {
        script.metadata.iter().map(|m| (m.key.clone(), m.value.clone())).collect()
    };
    let options = |script: &Script| -> Vec<(String, Option<String>)> {
        script.options.iter().map(|o| (o.name.clone(), o.value.clone())).collect()
    };
    let commands = |script: &Script| {
        let text = |command: &Option<super::ast::ShellCommand>| {
            command.as_ref().map(|command| command.text.clone())
        };
        (text(&script.init), text(&script.cleanup))
    };
    metadata(a) == metadata(b)
        && options(a) == options(b)
        && commands(a) == commands(b)
        && events(a) == events(b)
}

fn events(script: &Script) -> Vec<super::ast::Event> {
    let mut events = script.events.clone();
    for event in &mut events {
        event.span = Span::default();
        forget(&mut event.time);
        maybe(&mut event.end);
        match &mut event.kind {
            EventKind::Packet(spec) => packet(spec),
            EventKind::Syscall(spec) => syscall(spec),
            EventKind::Command(command) => command.span = Span::default(),
            EventKind::Code(code) => code.span = Span::default(),
            EventKind::State(assertion) => state(assertion),
        }
    }
    events
}

fn forget<T>(node: &mut Spanned<T>) {
    node.span = Span::default();
}

fn maybe<T>(node: &mut Option<Spanned<T>>) {
    node.iter_mut().for_each(forget);
}

fn state(assertion: &mut StateAssertion) {
    assertion.span = Span::default();
    forget(&mut assertion.state);
    match &mut assertion.subject {
        StateSubject::Fd(fd) => forget(fd),
        StateSubject::Ports(ports) => forget(ports),
    }
}

fn ip_info(info: &mut IpInfo) {
    maybe(&mut info.tos);
    maybe(&mut info.flow_label);
    maybe(&mut info.ttl);
}

fn packet(spec: &mut PacketSpec) {
    spec.span = Span::default();
    forget(&mut spec.direction);
    ip_info(&mut spec.ip);
    maybe(&mut spec.psp);
    maybe(&mut spec.outer_udp);
    spec.malform.iter_mut().for_each(forget);
    spec.names.iter_mut().for_each(|named| forget(&mut named.name));
    for header in &mut spec.encap {
        header.span = Span::default();
        if let EncapKind::Ip { info, .. } = &mut header.kind {
            ip_info(info);
        }
    }
    match &mut spec.body {
        PacketBody::Tcp(tcp) => {
            maybe(&mut tcp.ports);
            forget(&mut tcp.flags);
            tcp.seq.span = Span::default();
            maybe(&mut tcp.ack);
            maybe(&mut tcp.win);
            maybe(&mut tcp.urg);
            maybe(&mut tcp.payload);
            match &mut tcp.options {
                OptionsSpec::None => {}
                OptionsSpec::Any(span) => *span = Span::default(),
                OptionsSpec::List(list, span) => {
                    *span = Span::default();
                    list.iter_mut().for_each(forget);
                }
            }
        }
        PacketBody::Udp(udp) => maybe(&mut udp.ports),
        PacketBody::Icmp(icmp) => {
            forget(&mut icmp.ty);
            maybe(&mut icmp.code);
            maybe(&mut icmp.mtu);
            maybe(&mut icmp.id);
            maybe(&mut icmp.echoed);
            maybe(&mut icmp.echoed_udp);
        }
    }
}

fn syscall(spec: &mut SyscallSpec) {
    spec.span = Span::default();
    forget(&mut spec.name);
    spec.args.iter_mut().for_each(expr);
    expr(&mut spec.result);
    maybe(&mut spec.errno);
    maybe(&mut spec.note);
}

fn expr(node: &mut Expr) {
    node.span = Span::default();
    if let ExprKind::Struct(members) = &mut node.kind {
        for member in members {
            maybe(&mut member.name);
            member.arg.iter_mut().for_each(|arg| expr(arg));
        }
    }
    node.children_mut().for_each(expr);
}

//! Words of `tc …` to [`TcCommand`].

use super::super::words::Words;
use super::{QdiscCommand, QdiscOp, QdiscParent, TcCommand, TcObject};

/// Never fails: what is not understood keeps its words and the reason.
#[must_use]
pub fn parse(words: &[String]) -> TcCommand {
    let object = match object(words) {
        Ok(qdisc) => TcObject::Qdisc(qdisc),
        Err(why) => TcObject::NotUnderstood(why),
    };
    TcCommand { words: words.to_vec(), object }
}

fn object(words: &[String]) -> Result<QdiscCommand, String> {
    let mut words = Words::new(words);
    while words.peek().is_some_and(|word| matches!(word, "-s" | "-d" | "-j")) {
        words.next();
    }
    match words.next() {
        Some("qdisc") => qdisc(&mut words),
        Some(other) => Err(format!("tc {other}")),
        None => Err("tc without an object".to_owned()),
    }
}

fn qdisc(words: &mut Words<'_>) -> Result<QdiscCommand, String> {
    let op = match words.next().unwrap_or("show") {
        "add" => QdiscOp::Add,
        "replace" => QdiscOp::Replace,
        "change" => QdiscOp::Change,
        "delete" | "del" => QdiscOp::Delete,
        "show" | "list" | "ls" => QdiscOp::Show,
        other => return Err(format!("tc qdisc {other}")),
    };
    let mut command =
        QdiscCommand { op, dev: None, parent: None, handle: None, kind: None, options: Vec::new() };
    while let Some(word) = words.next() {
        match word {
            "dev" => command.dev = Some(words.value(word)?.to_owned()),
            "root" => command.parent = Some(QdiscParent::Root),
            "ingress" => command.parent = Some(QdiscParent::Ingress),
            "clsact" => command.parent = Some(QdiscParent::Clsact),
            "parent" => command.parent = Some(QdiscParent::Class(words.value(word)?.to_owned())),
            "handle" => command.handle = Some(words.value(word)?.to_owned()),
            kind => {
                command.kind = Some(kind.to_owned());
                command.options = words.all().to_vec();
                break;
            }
        }
    }
    if op != QdiscOp::Show && (command.dev.is_none() || command.parent.is_none()) {
        return Err("tc qdisc without a device or a place".to_owned());
    }
    let ingress = matches!(command.parent, Some(QdiscParent::Ingress | QdiscParent::Clsact));
    let creates = matches!(op, QdiscOp::Add | QdiscOp::Replace | QdiscOp::Change);
    if creates && command.kind.is_none() && !ingress {
        return Err("tc qdisc without a kind".to_owned());
    }
    Ok(command)
}

#[cfg(test)]
mod tests;

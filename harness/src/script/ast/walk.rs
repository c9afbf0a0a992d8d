//! What an expression is made of: the one place that knows which forms hold others.

use super::{Expr, ExprKind, Member};

impl Expr {
    /// The expressions it is made of, in the order they are written; of a struct the values.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let none: (_, &[Self], &[Member]) = (None, &[], &[]);
        let (pair, items, members) = match &self.kind {
            ExprKind::Or(left, right) => (Some([&**left, &**right]), none.1, none.2),
            ExprKind::List(items) | ExprKind::Call(_, items) => (None, items.as_slice(), none.2),
            ExprKind::Struct(members) => (None, none.1, members.as_slice()),
            ExprKind::Ellipsis
            | ExprKind::Any
            | ExprKind::Int(_)
            | ExprKind::Symbol(_)
            | ExprKind::Str(_)
            | ExprKind::Repeated(_)
            | ExprKind::Given(_)
            | ExprKind::Used(_)
            | ExprKind::Addr(_)
            | ExprKind::Mpls(_)
            | ExprKind::Gre(_) => none,
        };
        let values = members.iter().map(|member| &member.value);
        pair.into_iter().flatten().chain(items).chain(values)
    }

    /// The same, to change them.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        let none: (_, &mut [Self], &mut [Member]) = (None, &mut [], &mut []);
        let (pair, items, members) = match &mut self.kind {
            ExprKind::Or(left, right) => (Some([&mut **left, &mut **right]), none.1, none.2),
            ExprKind::List(items) | ExprKind::Call(_, items) => {
                (None, items.as_mut_slice(), none.2)
            }
            ExprKind::Struct(members) => (None, none.1, members.as_mut_slice()),
            ExprKind::Ellipsis
            | ExprKind::Any
            | ExprKind::Int(_)
            | ExprKind::Symbol(_)
            | ExprKind::Str(_)
            | ExprKind::Repeated(_)
            | ExprKind::Given(_)
            | ExprKind::Used(_)
            | ExprKind::Addr(_)
            | ExprKind::Mpls(_)
            | ExprKind::Gre(_) => none,
        };
        let values = members.iter_mut().map(|member| &mut member.value);
        pair.into_iter().flatten().chain(items).chain(values)
    }

    /// It or something in it is like that.
    pub fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self) || self.children().any(|child| child.any(is))
    }
}

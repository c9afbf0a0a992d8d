//! What a failed assertion says: the expression, and every name in it with its value.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{BoolOp, Expr, StmtAssert};
use ruff_text_size::Ranged;

use super::evaluate::Scope;
use super::stop::{Cause, Stop};
use super::vars;

/// The stop for `assertion`, whose test is false. Its own message is evaluated as Python does it,
/// and may itself fail.
pub(super) fn failed(
    scope: &mut Scope,
    assertion: &StmtAssert,
    source: &str,
) -> Result<Stop, Stop> {
    let own = match &assertion.msg {
        Some(message) => Some(scope.evaluate(message)?),
        None => None,
    };
    let printed = scope.output.len();
    let whole = assertion.test.as_ref();
    let part = culprit(scope, whole)?;
    let names = names(part);
    let shown = names.iter().filter_map(|name| shown(scope, name)).collect::<Vec<_>>();
    let text = text(part, source);
    let message = match shown.is_empty() {
        true => format!("{text} is false"),
        false => format!("{text} is false: {}", shown.join(", ")),
    };
    let mut detail = Vec::new();
    if !std::ptr::eq(part, whole) {
        detail.push(format!("in: {}", self::text(whole, source)));
    }
    detail.extend(shown);
    detail.extend(operands(scope, part, source)?);
    detail.extend(own.map(|value| format!("message of the assertion: {}", value.text())));
    // Evaluating an operand again prints again.
    scope.output.truncate(printed);
    Ok(Stop { cause: Cause::Assertion { message, detail }, at: None })
}

/// The first false operand of an `and`, which is what to look at; otherwise the whole test.
fn culprit<'a>(scope: &mut Scope, test: &'a Expr) -> Result<&'a Expr, Stop> {
    if let Expr::BoolOp(boolean) = test
        && boolean.op == BoolOp::And
    {
        for operand in &boolean.values {
            if !scope.evaluate(operand)?.truth() {
                return culprit(scope, operand);
            }
        }
    }
    Ok(test)
}

/// The names in `expr`, each once, in the order of the text.
fn names(expr: &Expr) -> Vec<&str> {
    struct Names<'a>(Vec<&'a str>);
    impl<'a> Visitor<'a> for Names<'a> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            if let Expr::Name(name) = expr
                && !self.0.contains(&name.id.as_str())
            {
                self.0.push(name.id.as_str());
            }
            walk_expr(self, expr);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expr);
    names.0
}

/// `tcpi_state = 7 (TCP_CLOSE)`; nothing for the name of a function.
fn shown(scope: &Scope, name: &str) -> Option<String> {
    let value = scope.names.get(name)?;
    let meaning = value.integer().and_then(|number| vars::meaning(name, number));
    Some(match meaning {
        Some(meaning) => format!("{name} = {} ({meaning})", value.repr()),
        None => format!("{name} = {}", value.repr()),
    })
}

/// Both sides of a comparison that are more than a name or a constant.
fn operands(scope: &mut Scope, expr: &Expr, source: &str) -> Result<Vec<String>, Stop> {
    let Expr::Compare(comparison) = expr else {
        return Ok(Vec::new());
    };
    let mut lines = Vec::new();
    let right = comparison.comparators.iter();
    for operand in std::iter::once(comparison.left.as_ref()).chain(right) {
        let plain = operand.is_literal_expr() || matches!(operand, Expr::Name(_));
        if !plain && !names(operand).is_empty() {
            let value = scope.evaluate(operand)?;
            lines.push(format!("{} = {}", text(operand, source), value.repr()));
        }
    }
    Ok(lines)
}

/// The text of `expr` on one line.
fn text(expr: &Expr, source: &str) -> String {
    let slice = source.get(expr.range().to_std_range()).unwrap_or_default();
    let words = slice.split_whitespace().filter(|word| *word != "\\");
    words.collect::<Vec<_>>().join(" ")
}

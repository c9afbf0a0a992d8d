//! Statements of the Python subset.

use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt, StmtAugAssign, StmtIf};
use ruff_text_size::Ranged;

use super::evaluate::Scope;
use super::stop::Stop;
use super::value::Value;
use super::{arithmetic, explain};

impl Scope {
    /// Runs `body`, which was parsed from `source`.
    pub(super) fn run(&mut self, body: &[Stmt], source: &str) -> Result<(), Stop> {
        for statement in body {
            let at = statement.start().to_usize();
            self.statement(statement, source).map_err(|stop| stop.or_at(at))?;
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a subset of Python, by design")]
    fn statement(&mut self, statement: &Stmt, source: &str) -> Result<(), Stop> {
        match statement {
            Stmt::Pass(_) => Ok(()),
            Stmt::Expr(statement) => self.evaluate(&statement.value).map(|_| ()),
            Stmt::Assert(assertion) => {
                if self.evaluate(&assertion.test)?.truth() {
                    return Ok(());
                }
                let at = assertion.start().to_usize();
                Err(explain::failed(self, assertion, source)?.or_at(at))
            }
            Stmt::Assign(assignment) => {
                let value = self.evaluate(&assignment.value)?;
                for target in &assignment.targets {
                    self.assign(target, value.clone())?;
                }
                Ok(())
            }
            Stmt::AugAssign(assignment) => self.augmented(assignment),
            Stmt::If(choice) => self.choice(choice, source),
            other => Err(Stop::beyond(construct(other))),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a subset of Python, by design")]
    fn assign(&mut self, target: &Expr, value: Value) -> Result<(), Stop> {
        match target {
            Expr::Name(name) => {
                self.names.insert(name.id.to_string(), value);
                Ok(())
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, &value),
            Expr::List(list) => self.unpack(&list.elts, &value),
            _ => Err(Stop::beyond("an assignment to part of an object")),
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: &Value) -> Result<(), Stop> {
        let items = match value {
            Value::Tuple(items) | Value::List(items) => Rc::clone(items),
            Value::Str(_) => return Err(Stop::beyond("unpacking a string")),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                let name = value.type_name();
                let message = format!("cannot unpack non-iterable {name} object");
                return Err(Stop::type_error(message));
            }
        };
        if targets.iter().any(|target| matches!(target, Expr::Starred(_))) {
            return Err(Stop::beyond("a starred assignment"));
        }
        let wanted = targets.len();
        if items.len() < wanted {
            let got = items.len();
            let message = format!("not enough values to unpack (expected {wanted}, got {got})");
            return Err(Stop::raise("ValueError", message));
        }
        if items.len() > wanted {
            let message = format!("too many values to unpack (expected {wanted})");
            return Err(Stop::raise("ValueError", message));
        }
        for (target, item) in targets.iter().zip(items.iter()) {
            self.assign(target, item.clone())?;
        }
        Ok(())
    }

    fn augmented(&mut self, assignment: &StmtAugAssign) -> Result<(), Stop> {
        let Expr::Name(name) = assignment.target.as_ref() else {
            return Err(Stop::beyond("an assignment to part of an object"));
        };
        let present = self.evaluate(&assignment.target)?;
        if matches!(present, Value::List(_)) {
            return Err(Stop::beyond("changing a list in place"));
        }
        let operand = self.evaluate(&assignment.value)?;
        let value = arithmetic::binary(assignment.op, &present, &operand)?;
        self.names.insert(name.id.to_string(), value);
        Ok(())
    }

    fn choice(&mut self, choice: &StmtIf, source: &str) -> Result<(), Stop> {
        if self.evaluate(&choice.test)?.truth() {
            return self.run(&choice.body, source);
        }
        for clause in &choice.elif_else_clauses {
            let due = match &clause.test {
                Some(test) => self.evaluate(test)?.truth(),
                None => true,
            };
            if due {
                return self.run(&clause.body, source);
            }
        }
        Ok(())
    }
}

/// What to call a statement that is not part of the subset.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is the subset")]
fn construct(statement: &Stmt) -> &'static str {
    match statement {
        Stmt::FunctionDef(_) => "a function definition",
        Stmt::ClassDef(_) => "a class definition",
        Stmt::For(_) => "a for loop",
        Stmt::While(_) => "a while loop",
        Stmt::With(_) => "a with statement",
        Stmt::Match(_) => "a match statement",
        Stmt::Raise(_) => "a raise statement",
        Stmt::Try(_) => "a try statement",
        Stmt::Import(_) | Stmt::ImportFrom(_) => "an import",
        Stmt::Delete(_) => "a del statement",
        Stmt::AnnAssign(_) | Stmt::TypeAlias(_) => "an annotation",
        Stmt::Global(_) | Stmt::Nonlocal(_) => "a scope declaration",
        _ => "this statement",
    }
}

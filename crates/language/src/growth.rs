//! What can make something large in one step is made to look before it does. The bounds of an evaluation are looked at only
//! every so many steps, and in one step `list(l)` copies all of a list, `s.replace("", s)` squares a text, and `str(l)` says
//! what was nested in itself forty times. So, before a file is evaluated, such calls become calls of
//! [`crate::builtins::bounds`]:
//!
//! ```text
//!   text.join(parts)     becomes   method__(N, text      ,parts)       N is the method's place in a table
//!   sorted(parts)                  function__(N, sorted,parts)
//!   items[1:]                      looked__(items[1:])
//!   f"{name} is {x}"               f"{said__(name)} is {said__(x)}"
//!   text += more                   text += grown__(0, text, (more))
//!   parts == others                compared__(parts) == others
//! ```
//!
//! Nothing is moved to another line, and nothing but insertions moves a column, so every place can be told as it was
//! written ([`Watched::written`]). Operators of expressions are the parser's business: see `bounds`.

use crate::builtins::weights::{ASSIGNMENTS, FUNCTIONS, METHODS};
use starlark::codemap::Span;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{
    AssignTargetP, AstExpr, AstNoPayload, AstParameter, AstStmt, BinOp, ExprP, ParameterP, StmtP,
};

type Target = AssignTargetP<AstNoPayload>;

/// Operators that look at all of what two values consist of.
const COMPARISONS: [BinOp; 6] =
    [BinOp::Equal, BinOp::NotEqual, BinOp::Less, BinOp::Greater, BinOp::LessOrEqual, BinOp::GreaterOrEqual];

/// A text of which what it can make large looks before it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) text: String,
    /// What was inserted, in the order of the text.
    inserted: Vec<Insertion>,
}

/// Lines and columns from 0, in the text that has it; columns and width in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Insertion {
    line: usize,
    column: usize,
    width: usize,
}

impl Watched {
    /// The column at which something was written that now stands here.
    pub(crate) fn written(&self, line: usize, column: usize) -> usize {
        let mut before = 0;
        for inserted in self.inserted.iter().filter(|i| i.line == line) {
            if column < inserted.column + inserted.width {
                return column.min(inserted.column) - before;
            }
            before += inserted.width;
        }
        column - before
    }
}

/// The text of a file, which is what was parsed, watched.
pub(crate) fn watched(ast: &AstModule, source: &str) -> Watched {
    let mut edits =
        Edits { source, comments: ast.comments(), opened: Vec::new(), closed: Vec::new(), blank: Vec::new() };
    edits.statement(ast.statement());
    edits.apply()
}

struct Edits<'a> {
    source: &'a str,
    comments: &'a [Span],
    /// What is inserted, and before which byte: what opens, the outermost first, and what closes, the innermost first.
    opened: Vec<(usize, String)>,
    closed: Vec<(usize, String)>,
    /// What space takes the place of, with a comma at its end where it is called.
    blank: Vec<(usize, usize)>,
}

fn begin(span: Span) -> usize {
    span.begin().get() as usize
}

fn end(span: Span) -> usize {
    span.end().get() as usize
}

impl Edits<'_> {
    fn statement(&mut self, statement: &AstStmt) {
        if let StmtP::AssignModify(target, op, _) = &statement.node
            && let Some(index) = ASSIGNMENTS.iter().position(|(name, _)| *name == op.to_string().trim())
        {
            let after = self.skip(end(target.span), b")");
            let after = after + ASSIGNMENTS[index].0.len();
            let known = is_name(&target.node);
            let left = if known { &self.source[begin(target.span)..end(target.span)] } else { "None" };
            self.opened.push((after, format!(" grown__({index}, {left}, (")));
            statement.node.visit_expr(|e| self.expression(e));
            let look = if known { "))" } else { ")); looked__(None)" };
            self.closed.push((end(statement.span), look.to_owned()));
            return;
        }
        match &statement.node {
            StmtP::Def(def) => self.parameters(&def.params),
            StmtP::Assign(assign) => {
                assign.lhs.node.visit_expr(|e| self.expression(e));
                self.expression(&assign.rhs);
            }
            StmtP::If(condition, _) | StmtP::IfElse(condition, _) => self.expression(condition),
            StmtP::For(turns) => self.expression(&turns.over),
            StmtP::Statements(_) => {}
            other => other.visit_expr(|e| self.expression(e)),
        }
        statement.node.visit_stmt(|s| self.statement(s));
    }

    /// What stands for parameters that are left out; what types they have is not evaluated.
    fn parameters(&mut self, parameters: &[AstParameter]) {
        for parameter in parameters {
            if let ParameterP::Normal(_, _, Some(default)) = &parameter.node {
                self.expression(default);
            }
        }
    }

    fn expression(&mut self, expression: &AstExpr) {
        let span = expression.span;
        match &expression.node {
            ExprP::Call(callee, arguments) => {
                if self.call(callee) {
                    if let ExprP::Dot(of, _) = &callee.node {
                        self.expression(of);
                    }
                } else {
                    self.expression(callee);
                }
                arguments.args.iter().for_each(|a| self.expression(a.expr()));
                return;
            }
            ExprP::Lambda(lambda) => {
                self.parameters(&lambda.params);
                self.expression(&lambda.body);
                return;
            }
            // What is not called here may be called elsewhere.
            ExprP::Identifier(name) => {
                if let Some(index) = FUNCTIONS.iter().position(|(known, _)| *known == name.node.ident) {
                    self.opened.push((begin(span), format!("partial(function__, {index}, ")));
                    self.closed.push((end(span), ")".to_owned()));
                }
                return;
            }
            ExprP::Dot(of, name) => {
                let index = METHODS.iter().position(|(known, _)| *known == name.node);
                let from = self.skip(end(of.span), b"),");
                if let Some(index) = index.filter(|_| self.source[from..end(span)].is_ascii()) {
                    self.opened
                        .push((self.outer_begin(expression), format!("attribute__({index}, partial, method__, ")));
                    self.expression(of);
                    self.blank.push((from, end(span)));
                    self.closed.push((end(span), ")".to_owned()));
                    return;
                }
            }
            ExprP::Op(left, op, right) if COMPARISONS.contains(op) && is_open(left) && !is_literal(right) => {
                self.opened.push((self.outer_begin(left), "compared__(".to_owned()));
                self.expression(left);
                self.closed.push((end(left.span), ")".to_owned()));
                self.expression(right);
                return;
            }
            ExprP::Slice(..) => {
                self.opened.push((self.outer_begin(expression), "looked__(".to_owned()));
                expression.node.visit_expr(|e| self.expression(e));
                self.closed.push((end(span), ")".to_owned()));
                return;
            }
            ExprP::FString(text) => {
                for said in &text.node.expressions {
                    let open = self.source[..begin(said.span)].rfind('{').map_or(begin(said.span), |at| at + 1);
                    self.opened.push((open, "said__(".to_owned()));
                    self.expression(said);
                    self.closed.push((self.skip(end(said.span), b")"), ")".to_owned()));
                }
                return;
            }
            _ => {}
        }
        expression.node.visit_expr(|e| self.expression(e));
    }

    /// `text.join(` or `sorted(`, if it is one.
    fn call(&mut self, callee: &AstExpr) -> bool {
        let (table, name, span, dot) = match &callee.node {
            ExprP::Dot(of, name) => (METHODS, name.node.as_str(), name.span, Some(of)),
            ExprP::Identifier(name) => (FUNCTIONS, name.node.ident.as_str(), name.span, None),
            _ => return false,
        };
        let Some(index) = table.iter().position(|(known, _)| *known == name) else { return false };
        let open = self.skip(end(span), b"");
        if self.source.as_bytes().get(open) != Some(&b'(') {
            return false;
        }
        let (from, called) = match dot {
            Some(of) => (self.skip(end(of.span), b"),"), "method__"),
            None => (open, "function__"),
        };
        if !self.source[from..open].is_ascii() {
            return false;
        }
        self.opened.push((self.outer_begin(callee), format!("{called}({index}, ")));
        self.blank.push((from, open + 1));
        true
    }

    /// Where an expression begins, the brackets included around what is leftmost in it.
    fn outer_begin(&self, expression: &AstExpr) -> usize {
        let leftmost = match &expression.node {
            ExprP::Dot(of, _) | ExprP::Call(of, _) | ExprP::Op(of, ..) => of,
            ExprP::Slice(of, ..) => of,
            ExprP::Index(pair) => &pair.0,
            ExprP::Index2(triple) => &triple.0,
            ExprP::If(triple) => &triple.1,
            ExprP::Tuple(elements) if !elements.is_empty() => &elements[0],
            _ => return begin(expression.span),
        };
        let mut at = self.outer_begin(leftmost);
        let after = &self.source[end(leftmost.span)..self.skip(end(leftmost.span), b"),")];
        let brackets = if matches!(expression.node, ExprP::Tuple(_)) {
            after.find(',').map_or(after, |n| &after[..n])
        } else {
            after
        };
        for _ in brackets.matches(')') {
            at = self.bracket_before(at);
        }
        at
    }

    /// Where the bracket is that stands before a place, with nothing between but space.
    fn bracket_before(&self, mut at: usize) -> usize {
        while at > 0 {
            if let Some(comment) = self.comments.iter().find(|c| begin(**c) < at && at <= end(**c)) {
                at = begin(*comment);
                continue;
            }
            at -= 1;
            if self.source.as_bytes()[at] == b'(' {
                break;
            }
        }
        at
    }

    /// The first place from one on at which something else stands than space, comments, and such bytes.
    fn skip(&self, mut at: usize, also: &[u8]) -> usize {
        while let Some(byte) = self.source.as_bytes().get(at) {
            if let Some(comment) = self.comments.iter().find(|c| begin(**c) == at && end(**c) > at) {
                at = end(*comment);
            } else if byte.is_ascii_whitespace() || *byte == b'\\' || also.contains(byte) {
                at += 1;
            } else {
                break;
            }
        }
        at
    }

    fn apply(self) -> Watched {
        let closed = self.closed.into_iter().map(|(at, text)| (at, 0, text));
        let opened = self.opened.into_iter().map(|(at, text)| (at, 1, text));
        let mut insertions: Vec<(usize, u8, String)> = closed.chain(opened).collect();
        insertions.sort_by_key(|(at, kind, _)| (*at, *kind));
        let mut source = self.source.as_bytes().to_vec();
        for (from, to) in self.blank {
            let is_called = source[to - 1] == b'(';
            source[from..to].iter_mut().filter(|c| !c.is_ascii_whitespace()).for_each(|c| *c = b' ');
            if is_called {
                source[to - 1] = b',';
            }
        }
        let source = String::from_utf8(source).expect("ASCII was replaced by ASCII");
        let mut watched = Watched { text: String::with_capacity(source.len() * 5 / 4), inserted: Vec::new() };
        let (mut copied, mut line, mut line_start) = (0, 0, 0);
        for (at, _, text) in insertions {
            watched.text.push_str(&source[copied..at]);
            line += source[copied..at].matches('\n').count();
            line_start = watched.text[line_start..].rfind('\n').map_or(line_start, |n| line_start + n + 1);
            let column = watched.text[line_start..].chars().count();
            watched.inserted.push(Insertion { line, column, width: text.chars().count() });
            watched.text.push_str(&text);
            copied = at;
        }
        watched.text.push_str(&source[copied..]);
        watched
    }
}

/// Whether an expression may be a list, and where it ends is where it says.
fn is_open(expression: &AstExpr) -> bool {
    matches!(
        expression.node,
        ExprP::Identifier(_) | ExprP::Dot(..) | ExprP::Call(..) | ExprP::Index(_) | ExprP::List(_)
    )
}

fn is_literal(expression: &AstExpr) -> bool {
    matches!(expression.node, ExprP::Literal(_) | ExprP::Minus(_) | ExprP::FString(_))
        || matches!(&expression.node, ExprP::Identifier(name) if ["None", "True", "False"].contains(&name.node.ident.as_str()))
}

/// Whether what is assigned to is a name, or an element of one under a name or a literal: it can be said twice.
fn is_name(target: &Target) -> bool {
    let is_plain = |e: &AstExpr| matches!(e.node, ExprP::Identifier(_) | ExprP::Literal(_));
    match target {
        AssignTargetP::Identifier(_) => true,
        AssignTargetP::Index(pair) => is_plain(&pair.0) && is_plain(&pair.1),
        AssignTargetP::Dot(of, _) => is_plain(of),
        AssignTargetP::Tuple(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::watched;
    use starlark::syntax::{AstModule, Dialect};

    fn parse(text: &str) -> AstModule {
        let dialect = Dialect { enable_f_strings: true, ..Dialect::Extended };
        AstModule::parse("spec.star", text.to_owned(), &dialect).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let watched = watched(&parse(source), source);
        assert_eq!(watched.text, expected);
        parse(&watched.text);
        for (line, (written, text)) in source.lines().zip(watched.text.lines()).enumerate() {
            let text: Vec<char> = text.chars().collect();
            for (column, c) in written.chars().enumerate() {
                let here = (0..text.len()).rfind(|here| watched.written(line, *here) == column);
                let now = text[here.expect("what was written is still there")];
                assert!(now == c || matches!(now, ' ' | ','), "{line}:{column} of {source}: {now}, not {c}");
            }
        }
    }

    #[test]
    fn what_grows_is_watched() {
        for (source, expected) in [
            ("x = a.get(1)\n", "x = a.get(1)\n"),
            ("x = s.join(l)\n", "x = method__(0, s     ,l)\n"),
            ("x = s.upper()\n", "x = method__(8, s      ,)\n"),
            ("x = (a + b) . join( l )\n", "x = method__(0, (a + b)       , l )\n"),
            ("x = ((a) + b).join(l)\n", "x = method__(0, ((a) + b)     ,l)\n"),
            ("x = (a, b)[0].join(l)\n", "x = method__(0, (a, b)[0]     ,l)\n"),
            ("x = ((a), b)[0].join(l)\n", "x = method__(0, ((a), b)[0]     ,l)\n"),
            ("x = a.join(b.join(c)).upper()\n", "x = method__(8, method__(0, a     ,method__(0, b     ,c))      ,)\n"),
            ("x = (  # a (b\n  a\n).join(l)\n", "x = method__(0, (  # a (b\n  a\n)     ,l)\n"),
            ("x = (a\n  .join(l))\n", "x = (method__(0, a\n       ,l))\n"),
            ("x = list(y)\n", "x = function__(0, list,y)\n"),
            ("x = (list)(y)\n", "x = (partial(function__, 0, list))(y)\n"),
            ("x = map(str, y)\n", "x = function__(4, map,partial(function__, 11, str), y)\n"),
            ("x = map((a).join, y)\n", "x = function__(4, map,attribute__(0, partial, method__, (a)     ), y)\n"),
            (
                "def f(x: list = [], *y: str) -> str:\n  z: list = x\n",
                "def f(x: list = [], *y: str) -> str:\n  z: list = x\n",
            ),
            ("x = a == \"b\" and c != None and d.e < -1\n", "x = a == \"b\" and c != None and d.e < -1\n"),
            ("x = a == b and (c.d(e)) < f[0]\n", "x = compared__(a) == b and (compared__(c.d(e))) < f[0]\n"),
            ("x = s[1:]\n", "x = looked__(s[1:])\n"),
            ("x = (a + b)[1:][2:]\n", "x = looked__(looked__((a + b)[1:])[2:])\n"),
            (
                "x = f\"é {a} {(b)!r} {c.upper()}\"\n",
                "x = f\"é {said__(a)} {said__((b))!r} {said__(method__(8, c      ,))}\"\n",
            ),
            ("x += y\n", "x += grown__(0, x, ( y))\n"),
            ("x *= (a, b)  # c\n", "x *= grown__(1, x, ( (a, b)))  # c\n"),
            ("x[i] *= 2; y %= 1, 2\n", "x[i] *= grown__(1, x[i], ( 2)); y %= grown__(2, y, ( 1, 2))\n"),
            ("x[f()] += y\n", "x[f()] += grown__(0, None, ( y)); looked__(None)\n"),
            (
                "def f(x = list(y)):\n  for z in list(y):\n    if str(z): return str(z)\n",
                "def f(x = function__(0, list,y)):\n  for z in function__(0, list,y):\n    if function__(11, str,z): return function__(11, str,z)\n",
            ),
            (
                "x = lambda a: [str(b) for b in a if str(b)]\n",
                "x = lambda a: [function__(11, str,b) for b in a if function__(11, str,b)]\n",
            ),
            ("\"é\".join(l)\n", "method__(0, \"é\"     ,l)\n"),
        ] {
            check(source, expected);
        }
    }
}

//! How much what a call makes will take, as far as its arguments tell: what [`crate::growth`] watches, and how it is
//! reckoned. The figures are bytes, rather too many than too few.

use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::evaluate::{HEAP_BYTES_MAX, TEXT_BYTES_MAX, VALUE_DEPTH_MAX};
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::structs::StructRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, UnpackValue, Value};

/// How it is reckoned what a call makes; of a method, its object is the first argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weight {
    /// Nothing beforehand: it is not much more than the world has events.
    Nothing,
    /// The texts of a list with another between them.
    Join,
    /// A text in which a piece is replaced by another.
    Replace,
    /// A text with the others said in its gaps.
    Format,
    /// The pieces of a text.
    Split,
    /// Another value, changed in each of its characters.
    Copy,
    /// A list of what the others have.
    List,
    /// A list of tuples of what they have.
    Tuples,
    /// A dict or a set of what they have, which is not on the evaluation's heap.
    Table,
    /// All of them as text.
    Text,
    /// The values that a text says.
    Decode,
}

/// Methods that are watched, of whatever type they are.
pub(crate) const METHODS: &[(&str, Weight)] = &[
    ("join", Weight::Join),
    ("replace", Weight::Replace),
    ("format", Weight::Format),
    ("split", Weight::Split),
    ("rsplit", Weight::Split),
    ("splitlines", Weight::Split),
    ("partition", Weight::Copy),
    ("rpartition", Weight::Copy),
    ("upper", Weight::Copy),
    ("lower", Weight::Copy),
    ("title", Weight::Copy),
    ("capitalize", Weight::Copy),
    ("strip", Weight::Copy),
    ("lstrip", Weight::Copy),
    ("rstrip", Weight::Copy),
    ("removeprefix", Weight::Copy),
    ("removesuffix", Weight::Copy),
    ("extend", Weight::List),
    ("insert", Weight::Copy),
    ("keys", Weight::List),
    ("values", Weight::List),
    ("items", Weight::Tuples),
    ("update", Weight::Table),
    ("union", Weight::Table),
    ("intersection", Weight::Table),
    ("difference", Weight::Table),
    ("symmetric_difference", Weight::Table),
    ("encode", Weight::Text),
    ("decode", Weight::Decode),
];

/// Functions that are watched.
pub(crate) const FUNCTIONS: &[(&str, Weight)] = &[
    ("list", Weight::List),
    ("tuple", Weight::List),
    ("sorted", Weight::List),
    ("reversed", Weight::List),
    ("map", Weight::List),
    ("filter", Weight::List),
    ("zip", Weight::Tuples),
    ("enumerate", Weight::Tuples),
    ("dict", Weight::Table),
    ("set", Weight::Table),
    ("struct", Weight::Nothing),
    ("str", Weight::Text),
    ("repr", Weight::Text),
    ("print", Weight::Text),
    ("fail", Weight::Text),
    ("int", Weight::Decode),
    ("events", Weight::Nothing),
];

/// Assignments that are watched.
pub(crate) const ASSIGNMENTS: &[(&str, Operator)] = &[
    ("+=", Operator::Plus),
    ("*=", Operator::Times),
    ("%=", Operator::Percent),
    ("|=", Operator::Or),
    ("<<=", Operator::Shift),
];

/// What an operator makes of its sides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    Plus,
    Times,
    Percent,
    Or,
    Shift,
}

/// What an element of a list or tuple takes.
const ELEMENT: usize = 8;
/// A value with a head of its own, as a tuple or a text of some bytes, and its place in a list.
const VALUE: usize = 40;
/// An entry of a dict or set.
const ENTRY: usize = 48;
/// Digits of the longest number that is read.
const DIGITS_MAX: usize = 10_000;
/// Bits of the longest number that is made.
const BITS_MAX: usize = 1 << 15;

impl Weight {
    /// What a call with such arguments makes, and what of that is not on the evaluation's heap.
    pub(crate) fn of<'v>(
        self,
        arguments: &[Value<'v>],
        named: &[Value<'v>],
        heap: Heap<'v>,
    ) -> Result<(usize, usize), Diagnostic> {
        let first = arguments.first().copied();
        let count = || arguments.iter().filter_map(|a| length(*a, heap)).fold(0_usize, usize::saturating_add);
        let made = match self {
            Weight::Nothing => 0,
            Weight::Copy => 2 * first.and_then(bytes_of).unwrap_or(0),
            Weight::Join => match (first.and_then(|v| v.unpack_str()), arguments.get(1)) {
                (Some(between), Some(parts)) => joined(between, *parts),
                _ => 0,
            },
            Weight::Replace => match (first.and_then(|v| v.unpack_str()), arguments.get(1), arguments.get(2)) {
                (Some(text), Some(old), Some(new)) => {
                    let (old, new) = (old.unpack_str().map_or(1, str::len), new.unpack_str().map_or(0, str::len));
                    let times = text.len().checked_div(old).unwrap_or(text.len() + 1);
                    text.len().saturating_add(times.saturating_mul(new))
                }
                _ => 0,
            },
            Weight::Format => match first.and_then(|v| v.unpack_str()) {
                Some(text) => {
                    let mut longest = 0;
                    for value in arguments[1..].iter().chain(named) {
                        longest = longest.max(text_bytes(*value, heap)?);
                    }
                    text.len().saturating_add(text.matches('{').count().saturating_mul(longest))
                }
                None => 0,
            },
            Weight::Split => {
                let text = first.and_then(|v| v.unpack_str()).unwrap_or("");
                let pieces = match arguments.get(1).and_then(|v| v.unpack_str()) {
                    Some(at) if !at.is_empty() => text.matches(at).count(),
                    _ => text.bytes().filter(u8::is_ascii_whitespace).count(),
                };
                text.len().saturating_add(pieces.saturating_mul(VALUE))
            }
            Weight::List => count().saturating_mul(2 * ELEMENT),
            Weight::Tuples => count().saturating_mul(VALUE + ELEMENT),
            Weight::Table => {
                let bytes = count().saturating_mul(ENTRY);
                return Ok((bytes, bytes));
            }
            Weight::Text => {
                let mut all = 0_usize;
                for value in arguments.iter().chain(named) {
                    all = all.saturating_add(text_bytes(*value, heap)?);
                }
                all
            }
            Weight::Decode => {
                let text = arguments.iter().filter_map(|v| v.unpack_str()).map(str::len).max().unwrap_or(0);
                text.saturating_mul(16)
            }
        };
        Ok((made, 0))
    }
}

/// A number is not read from any number of digits.
pub(crate) fn check_digits(function: &str, arguments: &[Value<'_>]) -> Result<(), Diagnostic> {
    let digits = arguments.first().and_then(|v| v.unpack_str()).map_or(0, str::len);
    if function == "int" && digits > DIGITS_MAX {
        return Err(Diagnostic::new(Code::Limit, format!("a number of {digits} digits, more than {DIGITS_MAX}")));
    }
    Ok(())
}

impl Operator {
    /// What an operator makes of two values, and what of that is not on the evaluation's heap.
    pub(crate) fn weight<'v>(self, a: Value<'v>, b: Value<'v>, heap: Heap<'v>) -> Result<(usize, usize), Diagnostic> {
        let made = match self {
            Operator::Plus => bytes_of(a).unwrap_or(0).saturating_add(bytes_of(b).unwrap_or(0)),
            Operator::Times => {
                number_of_bits(a, b)?;
                let times = |repeated: Option<usize>, n: Value<'v>| {
                    Some(repeated?.saturating_mul(usize::try_from(i64::unpack_value(n).ok()??).ok()?))
                };
                times(bytes_of(a), b).or_else(|| times(bytes_of(b), a)).unwrap_or(0)
            }
            Operator::Percent => match a.unpack_str() {
                Some(text) => {
                    let words = TupleRef::from_value(b).map_or_else(|| vec![b], |tuple| tuple.content().to_vec());
                    let mut all = text.len();
                    for word in words {
                        all = all.saturating_add(text_bytes(word, heap)?);
                    }
                    all
                }
                None => 0,
            },
            Operator::Or => {
                let entries = |v: Value<'v>| if is_table(v) { length(v, heap).unwrap_or(0) } else { 0 };
                let bytes = entries(a).saturating_add(entries(b)).saturating_mul(ENTRY);
                return Ok((bytes, bytes));
            }
            Operator::Shift => {
                let by = b.unpack_i32().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                check_bits(bits_of(a).unwrap_or(0).saturating_add(by))?;
                0
            }
        };
        Ok((made, 0))
    }
}

/// The sides of a product, if both are whole numbers.
fn number_of_bits(a: Value<'_>, b: Value<'_>) -> Result<(), Diagnostic> {
    match (bits_of(a), bits_of(b)) {
        (Some(a), Some(b)) => check_bits(a.saturating_add(b)),
        _ => Ok(()),
    }
}

fn check_bits(bits: usize) -> Result<(), Diagnostic> {
    if bits > BITS_MAX {
        return Err(Diagnostic::new(Code::Limit, format!("a number of {bits} bits, more than {BITS_MAX}")));
    }
    Ok(())
}

/// How many bits a whole number has, about.
fn bits_of(value: Value<'_>) -> Option<usize> {
    if value.unpack_i32().is_some() {
        return Some(32);
    }
    (value.get_type() == "int").then(|| value.to_str().len() * 7 / 2)
}

fn is_table(value: Value<'_>) -> bool {
    DictRef::from_value(value).is_some() || value.get_type() == "set"
}

/// What the content of a text, a list or a tuple takes.
fn bytes_of(value: Value<'_>) -> Option<usize> {
    let elements = |n: usize| n.saturating_mul(ELEMENT);
    value
        .unpack_str()
        .map(str::len)
        .or_else(|| ListRef::from_value(value).map(|list| elements(list.len())))
        .or_else(|| TupleRef::from_value(value).map(|tuple| elements(tuple.len())))
}

/// How many elements something has, if it has any.
fn length<'v>(value: Value<'v>, heap: Heap<'v>) -> Option<usize> {
    if value.unpack_str().is_some() {
        return None;
    }
    match value.length() {
        Ok(n) => usize::try_from(n).ok(),
        Err(_) => Some(value.iterate(heap).ok()?.take(HEAP_BYTES_MAX / ELEMENT).count()),
    }
}

/// The texts of a list with another between them.
fn joined(between: &str, parts: Value<'_>) -> usize {
    let parts: &[Value<'_>] = match (ListRef::from_value(parts), TupleRef::from_value(parts)) {
        (Some(list), _) => list.content(),
        (None, Some(tuple)) => tuple.content(),
        (None, None) => return 0,
    };
    let texts = parts.iter().filter_map(|part| part.unpack_str()).map(str::len).fold(0, usize::saturating_add);
    texts.saturating_add(between.len().saturating_mul(parts.len()))
}

/// How long a value is as text, about.
///
/// # Errors
/// If it is longer than a text may be, or nested deeper than a value may be to be said.
pub(crate) fn text_bytes<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<usize, Diagnostic> {
    let mut bytes = 0_usize;
    let mut open: Vec<(Value<'v>, usize)> = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > VALUE_DEPTH_MAX {
            let message = format!("a value that is nested more than {VALUE_DEPTH_MAX} deep cannot be said");
            return Err(Diagnostic::new(Code::Limit, message));
        }
        let mut say = |inner: Value<'v>| {
            bytes += 2;
            match inner.unpack_str() {
                Some(text) => bytes += text.len(),
                None if has_parts(inner) => open.push((inner, depth + 1)),
                None => bytes += 2,
            }
            bytes <= TEXT_BYTES_MAX
        };
        let fits = if let Some(list) = ListRef::from_value(value) {
            list.content().iter().all(|v| say(*v))
        } else if let Some(tuple) = TupleRef::from_value(value) {
            tuple.content().iter().all(|v| say(*v))
        } else if let Some(dict) = DictRef::from_value(value) {
            dict.iter().all(|(k, v)| say(k) && say(v))
        } else if let Some(fields) = StructRef::from_value(value) {
            fields.iter().all(|(name, v)| say(name.to_value()) && say(v))
        } else if value.get_type() == "set" {
            value.iterate(heap).is_ok_and(|mut elements| elements.all(&mut say))
        } else {
            say(value)
        };
        if !fits {
            return Err(Diagnostic::new(Code::Limit, format!("a text of more than {} MiB", TEXT_BYTES_MAX >> 20)));
        }
    }
    Ok(bytes)
}

/// Whether a value consists of others.
pub(crate) fn has_parts(value: Value<'_>) -> bool {
    matches!(value.get_type(), "list" | "tuple" | "dict" | "set" | "struct")
}

/// Whether values are nested deeper than so in another. What is looked at is bounded: what is not deep may be wide, and
/// what is deep is found first.
pub(crate) fn is_deeper<'v>(value: Value<'v>, deepest: usize, heap: Heap<'v>) -> bool {
    const LOOKS: usize = 1 << 20;
    let mut open = vec![(value, 0)];
    for _ in 0..LOOKS {
        let Some((value, depth)) = open.pop() else { return false };
        if depth > deepest {
            return true;
        }
        if has_parts(value)
            && let Ok(parts) = value.iterate(heap)
        {
            open.extend(parts.filter(|part| has_parts(*part)).map(|part| (part, depth + 1)));
        }
    }
    false
}

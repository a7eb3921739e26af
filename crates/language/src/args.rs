//! The arguments of a builtin's call, taken one by one and strictly: what is left over in the end is an error that says
//! what was probably meant.

use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::suggest;
use model::VirtualDuration;
use starlark::collections::SmallMap;
use starlark::values::dict::DictRef;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::tuple::UnpackTuple;
use starlark::values::typing::StarlarkCallable;
use starlark::values::{UnpackValue, Value};

/// The named arguments of a call, in order.
pub(crate) type Named<'v> = SmallMap<String, Value<'v>>;

/// A call whose arguments are being taken.
pub(crate) struct Call<'v> {
    builtin: String,
    positional: std::vec::IntoIter<Value<'v>>,
    named: Named<'v>,
    /// The parameters that were asked for so far: what the builtin has.
    known: Vec<&'static str>,
}

impl<'v> Call<'v> {
    pub(crate) fn new(builtin: &str, positional: UnpackTuple<Value<'v>>, named: Named<'v>) -> Call<'v> {
        let positional = positional.items.into_iter();
        Call { builtin: builtin.to_owned(), positional, named, known: Vec::new() }
    }
    /// The builtin's name, as messages show it.
    pub(crate) fn builtin(&self) -> &str {
        &self.builtin
    }

    /// An argument given by name, if it is there and not `None`.
    pub(crate) fn named(&mut self, name: &'static str) -> Option<Value<'v>> {
        self.known.push(name);
        self.named.shift_remove(name).filter(|v| !v.is_none())
    }
    /// An argument given by position or by name, if it is there and not `None`.
    pub(crate) fn next(&mut self, name: &'static str) -> Result<Option<Value<'v>>, Diagnostic> {
        Ok(self.next_raw(name)?.filter(|v| !v.is_none()))
    }
    /// An argument given by position or by name; `None` is a value like any other.
    pub(crate) fn next_raw(&mut self, name: &'static str) -> Result<Option<Value<'v>>, Diagnostic> {
        self.known.push(name);
        let (positional, named) = (self.positional.next(), self.named.shift_remove(name));
        if positional.is_some() && named.is_some() {
            return Err(self.bad(name, "was given twice"));
        }
        Ok(positional.or(named))
    }
    /// An argument that must be there.
    pub(crate) fn required(&mut self, name: &'static str) -> Result<Value<'v>, Diagnostic> {
        self.next(name)?.ok_or_else(|| self.missing(name))
    }
    /// An argument that must be there by name.
    pub(crate) fn required_named(&mut self, name: &'static str) -> Result<Value<'v>, Diagnostic> {
        self.named(name).ok_or_else(|| self.missing(name))
    }
    /// The positional arguments that are left.
    pub(crate) fn rest_positional(&mut self) -> Vec<Value<'v>> {
        self.positional.by_ref().collect()
    }
    /// The named arguments that are left, in order.
    pub(crate) fn rest_named(&mut self) -> Vec<(String, Value<'v>)> {
        std::mem::take(&mut self.named).into_iter().collect()
    }
    /// The parameters that were asked for so far.
    pub(crate) fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// A keyword that exists in the wider language but not here.
    pub(crate) fn refuse(&mut self, name: &'static str, instead: &str) -> Result<(), Diagnostic> {
        match self.named.shift_remove(name) {
            None => Ok(()),
            Some(_) => {
                let what = format!("the argument `{name}` of {}()", self.builtin);
                Err(Diagnostic::unsupported(&what, instead).focus(name))
            }
        }
    }

    /// Nothing may be left.
    pub(crate) fn finish(mut self) -> Result<(), Diagnostic> {
        if let Some(extra) = self.positional.next() {
            let message = format!("{}() has no place for the argument {}", self.builtin, brief(extra));
            return Err(Diagnostic::argument(message).help(format!("its parameters are {}", self.known.join(", "))));
        }
        match self.named.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.unknown(name, self.known.iter().copied())),
        }
    }
    /// A keyword that nothing knows.
    pub(crate) fn unknown<'a>(&self, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
        let all = format!("its keywords are {}", known.clone().collect::<Vec<_>>().join(", "));
        let message = format!("{}() has no keyword `{name}`", self.builtin);
        Diagnostic::new(Code::UnknownKeyword, message).help(all).help_if(suggest::hint(name, known)).focus(name)
    }
    /// An argument that should be there.
    pub(crate) fn missing(&self, name: &str) -> Diagnostic {
        Diagnostic::argument(format!("{}() needs the argument `{name}`", self.builtin))
    }
    /// An argument that will not do.
    pub(crate) fn bad(&self, name: &str, why: &str) -> Diagnostic {
        Diagnostic::argument(format!("{}(): `{name}` {why}", self.builtin)).focus(name)
    }

    /// As text.
    pub(crate) fn text(&self, name: &str, value: Value<'v>) -> Result<String, Diagnostic> {
        value.unpack_str().map(str::to_owned).ok_or_else(|| self.not(name, "a string", value))
    }
    /// As a whole number.
    pub(crate) fn int(&self, name: &str, value: Value<'v>) -> Result<i64, Diagnostic> {
        let is_bool = value.unpack_bool().is_some();
        let int = i64::unpack_value(value).ok().flatten().filter(|_| !is_bool);
        int.ok_or_else(|| self.not(name, "a whole number", value))
    }
    /// As a truth value.
    pub(crate) fn flag(&self, name: &str, value: Value<'v>) -> Result<bool, Diagnostic> {
        value.unpack_bool().ok_or_else(|| self.not(name, "True or False", value))
    }
    /// As a duration of virtual time.
    pub(crate) fn duration(&self, name: &str, value: Value<'v>) -> Result<VirtualDuration, Diagnostic> {
        let text = value.unpack_str().ok_or_else(|| self.not(name, "a duration such as \"500ms\"", value))?;
        VirtualDuration::parse(text).map_err(|why| Diagnostic::new(Code::BadDuration, why).focus(text))
    }
    /// As the elements of a list or tuple.
    pub(crate) fn list(&self, name: &str, value: Value<'v>) -> Result<Vec<Value<'v>>, Diagnostic> {
        let list = UnpackListOrTuple::<Value<'v>>::unpack_value(value).ok().flatten();
        list.map(|l| l.items).ok_or_else(|| self.not(name, "a list", value))
    }
    /// As a list of strings.
    pub(crate) fn texts(&self, name: &str, value: Value<'v>) -> Result<Vec<String>, Diagnostic> {
        self.list(name, value)?.into_iter().map(|v| self.text(name, v)).collect()
    }
    /// As the pairs of a dict.
    pub(crate) fn pairs(&self, name: &str, value: Value<'v>) -> Result<Vec<(Value<'v>, Value<'v>)>, Diagnostic> {
        let dict = DictRef::from_value(value).ok_or_else(|| self.not(name, "a dict", value))?;
        Ok(dict.iter().collect())
    }
    /// As a dict of strings.
    pub(crate) fn text_pairs(&self, name: &str, value: Value<'v>) -> Result<Vec<(String, String)>, Diagnostic> {
        let pairs = self.pairs(name, value)?;
        pairs.into_iter().map(|(k, v)| Ok((self.text(name, k)?, self.text(name, v)?))).collect()
    }
    /// As something that can be called.
    pub(crate) fn callable(&self, name: &str, value: Value<'v>) -> Result<Value<'v>, Diagnostic> {
        if is_callable(value) { Ok(value) } else { Err(self.not(name, "a function", value)) }
    }
    /// An argument of another type than it has to be.
    pub(crate) fn not(&self, name: &str, expected: &str, value: Value<'_>) -> Diagnostic {
        self.bad(name, &format!("must be {expected}, not {}", brief(value)))
    }
}

/// Whether a value is a function, or behaves as one.
pub(crate) fn is_callable(value: Value<'_>) -> bool {
    StarlarkCallable::<()>::unpack_value(value).is_ok_and(|c| c.is_some())
}

/// The name that a function was defined with; `lambda` for a lambda.
pub(crate) fn function_name(function: Value<'_>) -> String {
    let name = function.to_repr();
    name.rsplit('.').next().unwrap_or_default().to_owned()
}

/// A value in a few words.
pub(crate) fn brief(value: Value<'_>) -> String {
    const SHOWN: usize = 40;
    let repr = value.to_repr();
    let text: String = repr.chars().take(SHOWN).collect();
    let more = if text.len() < repr.len() { "…" } else { "" };
    format!("{text}{more} ({})", value.get_type())
}

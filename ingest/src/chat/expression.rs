//! Expressions that are compiled once, when they are first used.

/// A static of that name which holds the compiled expression.
macro_rules! expression {
    ($(#[$doc:meta])* $seen:vis $name:ident, $expression:expr) => {
        $(#[$doc])*
        $seen static $name: ::std::sync::LazyLock<::regex::Regex> = ::std::sync::LazyLock::new(
            || ::regex::Regex::new($expression).expect("a valid expression"),
        );
    };
}

pub(super) use expression;

//! What can go wrong with the database, as kinds that decide what a caller does.

/// Why the database did not do what was asked. Messages hold no values of rows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database {}: {detail}", kind.words())]
pub struct DbError {
    /// For machines.
    pub kind: DbErrorKind,
    /// For people.
    pub detail: String,
}

/// Kinds of database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbErrorKind {
    /// It does not answer now; trying again may help.
    Unavailable,
    /// Two transactions were in each other's way; trying again helps.
    Conflict,
    /// It refuses: wrong credentials, a migration that fails, a broken rule.
    Refused,
}

impl DbErrorKind {
    fn words(self) -> &'static str {
        match self {
            Self::Unavailable => "does not answer",
            Self::Conflict => "was busy with the same rows",
            Self::Refused => "refuses",
        }
    }
}

impl DbError {
    /// An error with its cause in words.
    pub fn new(kind: DbErrorKind, detail: impl std::fmt::Display) -> Self {
        Self {
            kind,
            detail: detail.to_string(),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match &error {
            Error::Database(said) => {
                let code = said.code().unwrap_or_default();
                let kind = match code.as_ref() {
                    // Serialisation failure, deadlock, a lock that was not had in time.
                    "40001" | "40P01" | "55P03" => DbErrorKind::Conflict,
                    // Connection, resources, operator intervention, system errors.
                    c if ["08", "53", "57", "58"]
                        .iter()
                        .any(|class| c.starts_with(class)) =>
                    {
                        DbErrorKind::Unavailable
                    }
                    // Read-only while it fails over or recovers; a transaction that rested too long.
                    "25006" | "25P03" | "25P04" => DbErrorKind::Unavailable,
                    _ => DbErrorKind::Refused,
                };
                // The server's message may quote a row; its code and constraint do not.
                let constraint = said.constraint().unwrap_or_default();
                Self::new(kind, format!("SQLSTATE {code} {constraint}").trim_end())
            }
            Error::Io(_)
            | Error::Tls(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::Protocol(_) => Self::new(DbErrorKind::Unavailable, error),
            // Its source may quote the value.
            Error::ColumnDecode { index, .. } => {
                let detail = format!("column {index} holds what this program does not know");
                Self::new(DbErrorKind::Refused, detail)
            }
            Error::Decode(_) | Error::Encode(_) => {
                let detail = "a value cannot be written or read";
                Self::new(DbErrorKind::Refused, detail)
            }
            _ => Self::new(DbErrorKind::Refused, error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for DbError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            sqlx::migrate::MigrateError::ExecuteMigration(error, version) => {
                let error = Self::from(error);
                Self::new(error.kind, format!("migration {version}: {}", error.detail))
            }
            other => Self::new(DbErrorKind::Refused, other),
        }
    }
}

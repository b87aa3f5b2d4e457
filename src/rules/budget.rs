//! The budget of one evaluation: steps, sizes of values, and the end.
//!
//! A limit that is reached stays reached until the next evaluation: operators such as `||` ignore errors, so the
//! evaluation may go on for a moment, but its result is refused.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cel::common::types::{CelMap, CelMapKey};
use cel::common::value::{BuiltinRef, Val};

use crate::limits::{BYTES_PER_STEP, MAX_EVALUATION_STEPS, MAX_VALUE_BYTES, format_size};
use rollcall_model::resource_limits::ResourceLimit;

/// Returns true when evaluations have to end.
pub type Interrupt = Arc<dyn Fn() -> bool + Send + Sync>;

/// Steps between two calls of the interrupt.
const STEPS_BETWEEN_INTERRUPTS: u64 = 10_000;

/// Bytes of a value besides its contents.
const VALUE_OVERHEAD: usize = 16;

/// What an evaluation may still use. One evaluation at a time uses it.
pub(crate) struct EvaluationBudget {
    steps_left: AtomicU64,
    reached: Mutex<Option<LimitReached>>,
    interrupt: Option<Interrupt>,
}

/// The reason that an evaluation was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitReached {
    /// The steps are used up.
    Steps,
    /// A value has at least this many bytes.
    ValueBytes(usize),
    /// The interrupt returned true.
    Interrupted,
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => {
                let most = rollcall_model::format::thousands(MAX_EVALUATION_STEPS);
                write!(
                    f,
                    "the expression takes more than {most} steps for one person; compare with `in` instead of nested \
                     `exists` or `all`"
                )
            }
            Self::ValueBytes(found) => write!(
                f,
                "a value has {} bytes or more, at most {} are allowed; do not join texts or lists repeatedly",
                format_size(*found),
                format_size(MAX_VALUE_BYTES)
            ),
            Self::Interrupted => f.write_str("the evaluation was stopped before its end"),
        }
    }
}

impl EvaluationBudget {
    pub(crate) fn new(interrupt: Option<Interrupt>) -> Self {
        Self { steps_left: AtomicU64::new(MAX_EVALUATION_STEPS), reached: Mutex::new(None), interrupt }
    }

    /// Starts the next evaluation.
    pub(crate) fn start(&self) {
        if self.steps_left.load(Ordering::Relaxed) == 0 {
            *self.reached() = None;
        }
        self.steps_left.store(MAX_EVALUATION_STEPS, Ordering::Relaxed);
        // The evaluation finds the end at its first step.
        let _ = self.check_interrupt();
    }

    /// Returns the limit that this evaluation reached.
    pub(crate) fn limit_reached(&self) -> Option<LimitReached> {
        if self.steps_left.load(Ordering::Relaxed) > 0 { None } else { *self.reached() }
    }

    /// Takes the steps of an operation.
    pub(crate) fn take_steps(&self, steps: u64) -> Result<(), LimitReached> {
        let before = self.steps_left.load(Ordering::Relaxed);
        if before <= steps {
            return Err(self.end(LimitReached::Steps));
        }
        let left = before - steps;
        self.steps_left.store(left, Ordering::Relaxed);
        let polls = before / STEPS_BETWEEN_INTERRUPTS != left / STEPS_BETWEEN_INTERRUPTS;
        if polls { self.check_interrupt() } else { Ok(()) }
    }

    /// Ends the evaluation if the interrupt returns true.
    pub(crate) fn check_interrupt(&self) -> Result<(), LimitReached> {
        if self.interrupt.as_ref().is_some_and(|interrupt| interrupt()) {
            return Err(self.end(LimitReached::Interrupted));
        }
        Ok(())
    }

    /// Takes the steps for a value, and checks its size.
    pub(crate) fn take_value(&self, value: &dyn Val) -> Result<(), LimitReached> {
        let bytes = value_bytes(value, MAX_VALUE_BYTES);
        if bytes > MAX_VALUE_BYTES {
            return Err(self.end(LimitReached::ValueBytes(bytes)));
        }
        self.take_bytes(bytes)
    }

    /// Takes the steps for bytes that are copied or compared.
    pub(crate) fn take_bytes(&self, bytes: usize) -> Result<(), LimitReached> {
        self.take_steps((bytes / BYTES_PER_STEP) as u64)
    }

    /// Refuses a value that is too large.
    pub(crate) fn refuse_value(&self, bytes: usize) {
        self.end(LimitReached::ValueBytes(bytes));
    }

    /// Ends the evaluation. The first reason stays.
    fn end(&self, limit: LimitReached) -> LimitReached {
        match limit {
            LimitReached::Steps => ResourceLimit::EvaluationSteps.record_reached(),
            LimitReached::ValueBytes(_) => ResourceLimit::ValueBytes.record_reached(),
            LimitReached::Interrupted => {}
        }
        self.steps_left.store(0, Ordering::Relaxed);
        *self.reached().get_or_insert(limit)
    }

    fn reached(&self) -> std::sync::MutexGuard<'_, Option<LimitReached>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the size of a value in bytes; counts no further than a little above `most`.
fn value_bytes(value: &dyn Val, most: usize) -> usize {
    let mut bytes = VALUE_OVERHEAD;
    match value.as_builtin() {
        BuiltinRef::String(text) => bytes += text.inner().len(),
        BuiltinRef::Bytes(raw) => bytes += raw.inner().len(),
        BuiltinRef::List(list) => {
            for one in list.inner() {
                bytes += value_bytes(one.as_ref(), most.saturating_sub(bytes));
                if bytes > most {
                    break;
                }
            }
        }
        BuiltinRef::Map(map) => bytes += map_bytes(map, most),
        BuiltinRef::Optional(optional) => {
            bytes += optional.inner().map_or(0, |inner| value_bytes(inner, most));
        }
        // An expression cannot make a message.
        BuiltinRef::Struct(_) | BuiltinRef::Other => {}
        _ => {}
    }
    bytes
}

fn map_bytes(map: &CelMap<'_>, most: usize) -> usize {
    let mut bytes = 0;
    for (key, value) in map.inner() {
        let key_bytes = match key {
            CelMapKey::String(text) => text.inner().len(),
            CelMapKey::Bool(_) | CelMapKey::Int(_) | CelMapKey::UInt(_) => 0,
        };
        bytes += VALUE_OVERHEAD + key_bytes + value_bytes(value.as_ref(), most);
        if bytes > most {
            break;
        }
    }
    bytes
}

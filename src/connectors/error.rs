//! Why a source could not be read to its end.

//! Conversion of the types of this crate to and from database columns.
//!
//! Available only with the feature `sqlx`, which the store enables.

/// Reads a type from a column of another type.
macro_rules! column {
    ($name:ty, $column:ty, $read:expr) => {
        #[cfg(feature = "sqlx")]
        impl<D: sqlx_core::database::Database> sqlx_core::types::Type<D> for $name
        where
            $column: sqlx_core::types::Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <$column as sqlx_core::types::Type<D>>::type_info()
            }

            fn compatible(column: &D::TypeInfo) -> bool {
                <$column as sqlx_core::types::Type<D>>::compatible(column)
            }
        }

        #[cfg(feature = "sqlx")]
        impl<'r, D: sqlx_core::database::Database> sqlx_core::decode::Decode<'r, D> for $name
        where
            $column: sqlx_core::decode::Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, sqlx_core::error::BoxDynError> {
                let column = <$column as sqlx_core::decode::Decode<'r, D>>::decode(value)?;
                $read(column)
            }
        }
    };
}

pub(crate) use column;

//! Edit distances and similarities of strings.

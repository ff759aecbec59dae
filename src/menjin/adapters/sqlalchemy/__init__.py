"""The stores on SQLAlchemy: SQLite on one machine; one class serves a sync and an async engine."""

"""What schemathesis holds every reply against, on both listeners."""

from __future__ import annotations

from typing import Any

from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()
CHECKED: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
    ]
)

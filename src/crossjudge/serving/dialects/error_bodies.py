"""The shapes in which clients of other servers read errors: our fault in, their JSON out."""

from __future__ import annotations

from typing import Any

from crossjudge.serving.faults import Fault

_TEI_TYPES = {413: "Validation", 422: "Validation", 424: "Backend", 429: "Overloaded", 500: "Backend", 503: "Unhealthy"}
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_OPENAI_CODES = {
    "unknown_model": "model_not_found", "missing_key": "invalid_api_key", "wrong_key": "invalid_api_key",
    "overloaded": "rate_limit_exceeded",
}  # fmt: skip


def tei(fault: Fault, request_id: str) -> dict[str, Any]:
    """`error_type`: Validation, Overloaded, Unhealthy or Backend."""
    other = "Backend" if fault.status >= 500 else "Validation"
    return {"error": fault.message, "error_type": _TEI_TYPES.get(fault.status, other), "request_id": request_id}


def cohere(fault: Fault, request_id: str) -> dict[str, Any]:
    """Cohere's clients read `message`, Jina's `detail`."""
    return {"id": request_id, "message": fault.message, "detail": fault.message}


def openai(fault: Fault, request_id: str) -> dict[str, Any]:
    """OpenAI's own words for what clients tell apart; else ours."""
    other = "server_error" if fault.status >= 500 else "invalid_request_error"
    return _error(fault, type=_OPENAI_TYPES.get(fault.status, other), code=_OPENAI_CODES.get(fault.type, fault.type))


def vllm(fault: Fault, request_id: str) -> dict[str, Any]:
    """OpenAI's frame with vLLM's types, and the status as `code`."""
    types = {404: "NotFoundError", 429: "TooManyRequestsError"}
    other = "InternalServerError" if fault.status >= 500 else "BadRequestError"
    return _error(fault, type=types.get(fault.status, other), code=fault.status)


def _error(fault: Fault, *, type: str, code: str | int) -> dict[str, Any]:
    return {"error": {"message": fault.message, "type": type, "param": fault.details.get("param"), "code": code}}

// Made from contract/errors.json by scripts/codes.mjs. Do not edit.

/** Every code that menjin's HTTP API answers with. */
export type ServerCode =
  | "login_code_invalid"
  | "phone_code_invalid"
  | "login_code_as_phone_code"
  | "open_data_invalid"
  | "credentials_invalid"
  | "bind_ticket_invalid"
  | "session_invalid"
  | "session_expired"
  | "session_rotated"
  | "signed_out"
  | "kicked_out"
  | "replaced"
  | "client_invalid"
  | "client_not_permitted"
  | "binding_required"
  | "account_disabled"
  | "step_up_required"
  | "verified_phone_required"
  | "phone_mismatch"
  | "user_blocked"
  | "not_found"
  | "method_not_allowed"
  | "login_code_used"
  | "stale_session_key"
  | "binding_conflict"
  | "account_not_found"
  | "last_way_in"
  | "payment_unknown"
  | "body_too_large"
  | "request_invalid"
  | "too_many_attempts"
  | "internal_error"
  | "app_misconfigured"
  | "wechat_bad_answer"
  | "wechat_unavailable"
  | "store_unavailable";

/** What menjin tells a client to do next. */
export type ServerAction = "bind" | "login" | "none" | "retap" | "retry";

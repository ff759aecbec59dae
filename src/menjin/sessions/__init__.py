"""Our login state (自定义登录态): its token, its life, its ends. Knows no WeChat and no account's inside."""

"""山茶铺: a small business with members, orders and a mini program. It knows menjin as any of its users would."""

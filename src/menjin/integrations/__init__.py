"""menjin inside other people's frameworks and protocols; each room stands alone and is imported by name."""

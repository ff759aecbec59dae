"""What a person does: sign in, open data, show a phone number, bind, sign out. One file a deed.

Flows over the wings; no loop, no store and no web framework is known here.
"""

"""What WeChat says and how it is understood: calls, errcodes, signatures, encrypted data.

Pure but for `client.py`, which speaks through the `HttpPort`. No session, account or store is known here.
"""

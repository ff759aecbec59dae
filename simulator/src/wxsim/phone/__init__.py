"""The phone side: what a mini program calls as ``wx.…``, over HTTP."""

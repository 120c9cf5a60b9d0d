"""One phone: adb, which phone is meant, what it is, a folder of our own on it."""

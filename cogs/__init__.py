"""The features that come with Kith: one small package each."""

"""The benchmarks themselves: that what they compare is what they say, small enough to run every time."""

"""What carries out the steps of training; engines share methods, wiring and timetable."""

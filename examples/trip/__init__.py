"""A trip: a flight, a hotel and a car, which are booked together or not at all."""

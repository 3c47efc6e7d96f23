"""A trip: a flight, a hotel and a car that are booked together or not at all."""

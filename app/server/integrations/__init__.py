"""Requests for a person in the words of other systems, and the answers those systems wait for."""

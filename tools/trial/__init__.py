"""`microimps trial`: a field trial of the SMS bearer, recorded, resumed and reported."""

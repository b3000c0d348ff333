"""The demonstration corpus: portraits and voices whose licences allow it, paired by age, sex and looks."""

"""The demonstration corpus: portraits and voices whose licences allow it, paired by what is known of both."""

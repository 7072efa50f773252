"""Documents that other tools read and write: values in, values out."""

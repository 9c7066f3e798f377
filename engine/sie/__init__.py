"""SIE 4 files, in which Swedish bookkeeping programs hand over a year's books: read whole."""

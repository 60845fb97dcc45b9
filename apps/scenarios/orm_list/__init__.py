"""``orm_list``: a page of books as HTML."""

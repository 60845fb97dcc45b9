"""A row out of the database, then a wait: who holds a thread and a connection meanwhile?"""

"""What owed messages say: the kinds there are, each worded when it is sent, in the language of who gets it.

How to owe a new kind of message: write an async function of a `Telling` that returns its screen (None: there is nothing
to say any more), name it in the `NOTICES` of its feature, and call `services.owing.owe` where the fact is written.
"""

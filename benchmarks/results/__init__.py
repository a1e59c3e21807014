"""Every method against measured EMG: the page of results and its figures."""

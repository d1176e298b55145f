"""The desk in a browser, for those who may not install anything: one login, one desk process for each open page."""

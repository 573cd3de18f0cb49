"""Settings of an IMPS account: read, checked and written. spec: provisioning.md"""

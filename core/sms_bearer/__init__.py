"""The SMS bearer: PDUs, segments, AT engine, modem and the CIR channel over SMS."""

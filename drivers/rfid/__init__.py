"""Serial RFID protocols, one sans-io decoder each."""

"""From a sound file to spoken words: decode, find the voice, transcribe, doubt. Used by the audio and video readers."""

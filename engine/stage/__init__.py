"""Raw answers become typed tables; a sync fetches and stages in turn."""
